"""The API key reaches the service, and nobody else."""

import logging

import pytest

from lookalike.client import Client
from lookalike.errors import (
    AccessDenied,
    BadSetting,
    LookalikeError,
)
from tests.client.conftest import KEY
from tests.client.stub import answering


@pytest.mark.parametrize(("key", "said"), [(None, "requires an API key"), ("another secret", "rejects the API key")])
def test_without_the_key_access_is_denied(url: str, key: str | None, said: str) -> None:
    with Client(url, key) as client, pytest.raises(AccessDenied, match=said):
        client.labels()


def test_a_refusal_that_is_not_about_the_key_is_repeated() -> None:
    body = '{"status": 403, "detail": "Only the user that runs it."}'
    refused = pytest.raises(AccessDenied, match=r"refuses: Only the user that runs it\.$")
    with answering((403, {}, body)) as (url, _), Client(url) as client, refused:
        client.labels()


def test_the_key_is_in_no_message_log_or_repr(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for key in (KEY, "another secret"):
        with Client(url, key) as client:
            try:
                client.labels()
            except LookalikeError as error:
                assert "secret" not in str(error) and "secret" not in repr(error)
            assert key not in repr(client) and key not in repr(vars(client))
    assert caplog.text and "secret" not in caplog.text and "key," not in caplog.text


@pytest.mark.parametrize("url", ["http://example.invalid", "HTTP://192.0.2.1:8000"])
def test_a_key_is_not_sent_unencrypted_over_a_network(url: str) -> None:
    with pytest.raises(BadSetting, match="unencrypted") as error:
        Client(url, "secret")
    assert "secret" not in str(error.value)
    Client(url, "secret", insecure=True).close()
    Client(url).close()


@pytest.mark.parametrize("key", ["", "secret\n", "secret\r\nX: y", " secret", "secret "])
def test_a_key_that_fits_no_header_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(BadSetting, match="API key") as error:
        Client("http://localhost", key)
    assert "secret" not in str(error.value)
