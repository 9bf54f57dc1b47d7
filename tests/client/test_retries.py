"""A request to a busy service is repeated, for a while."""

import time

import pytest

from lookalike.client import Client
from lookalike.errors import (
    QueryServiceUnavailable,
)
from tests.client.stub import BUSY, NO_LABELS, answering


@pytest.mark.parametrize("times", [1, 2])
def test_a_request_to_a_busy_service_is_repeated(times: int) -> None:
    with answering(*[BUSY] * times, NO_LABELS) as (url, seen), Client(url, "secret") as client:
        assert client.labels() == ()
        assert seen == ["/labels Bearer secret"] * (times + 1)


def test_retries_end_when_the_service_stays_busy() -> None:
    with answering(BUSY) as (url, seen), Client(url) as client:
        with pytest.raises(QueryServiceUnavailable, match=f"{url} is not available: The service is busy"):
            client.labels()
        assert len(seen) == 3
        with pytest.raises(QueryServiceUnavailable):
            client.ready()
        assert len(seen) == 4


def test_a_retry_waits_as_long_as_the_service_asks() -> None:
    with answering((503, {"Retry-After": "1"}, ""), NO_LABELS) as (url, _), Client(url) as client:
        began = time.monotonic()
        client.labels()
        assert time.monotonic() - began >= 1


@pytest.mark.parametrize("after", ["3600", "-1", "nan", "Wed, 21 Oct 2065 07:28:00 GMT", ""])
def test_a_long_or_invalid_retry_after_means_no_retry(after: str) -> None:
    with answering((503, {"Retry-After": after}, "<html>")) as (url, seen), Client(url) as client:
        with pytest.raises(QueryServiceUnavailable, match="HTTP 503"):
            client.labels()
        assert len(seen) == 1
