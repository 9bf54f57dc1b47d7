"""A call is repeated while a service is away, for a limited time, and only for that service."""

import time

import pytest

from lookalike.errors import BrokerUnavailable, IndexUnavailable, Unavailable
from lookalike.retry import retry_while


class Service:
    """Away for the first calls."""

    def __init__(self, failures: int, error: Unavailable) -> None:
        self.calls = 0
        self._failures = failures
        self._error = error

    def ask(self) -> str:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error
        return "answer"


def test_a_call_is_repeated_until_the_service_answers() -> None:
    service = Service(1, BrokerUnavailable("redis://host", "refused"))
    assert retry_while(service.ask) == "answer"
    assert service.calls == 2


def test_the_services_own_error_is_raised_after_the_limit() -> None:
    error = IndexUnavailable("http://host", "refused")
    service = Service(1000, error)
    began = time.monotonic()
    with pytest.raises(IndexUnavailable) as caught:
        retry_while(service.ask, IndexUnavailable, 0.2)
    assert caught.value is error and service.calls >= 2
    assert time.monotonic() - began < 30


def test_the_error_of_another_service_is_raised_at_once() -> None:
    service = Service(1, IndexUnavailable("http://host", "refused"))
    with pytest.raises(IndexUnavailable):
        retry_while(service.ask, BrokerUnavailable)
    assert service.calls == 1
