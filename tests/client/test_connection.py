"""How the client reaches the service, and what it says if it cannot."""

import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lookalike.client import Client
from lookalike.errors import (
    BadSetting,
    QueryServiceUnavailable,
)
from testing.services.ports import free_port
from tests.client.stub import NO_LABELS, answering
from tests.library_variables import ALL, KEPT

#: Libraries of other programs, and slow ones, that importing the client must not import.
FOREIGN = {
    *("keras", "tensorflow", "openvino", "lancedb", "opensearchpy", "PIL", "numpy", "celery", "redis", "fastapi"),
    *("lookalike_api", "pydantic", "pydantic_settings"),
}


def test_an_unreachable_service_is_reported_with_its_address() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url) as client, pytest.raises(QueryServiceUnavailable, match=f"{url} is not available: .*refused"):
        client.labels()


def test_a_service_that_never_answers_times_out() -> None:
    began = time.monotonic()
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent,
        Client(f"http://127.0.0.1:{silent.server_port}", timeout_s=0.2) as client,
        pytest.raises(QueryServiceUnavailable, match="in time"),
    ):
        client.labels()
    assert time.monotonic() - began < 10


def test_requests_to_this_machine_use_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with answering(NO_LABELS) as (url, _), Client(url) as client:
        assert client.labels() == ()


@pytest.mark.parametrize(
    "url",
    [
        *("", "h:80", "ftp://h", "http://", "http://[bad", "http://h:99999", "http://ä..secret"),
        *("https://u:secret@h", "http://h?x=secret", "http://h#secret"),
    ],
)
def test_an_invalid_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadSetting, match="URL of the query service") as error:
        Client(url, "key")
    assert "secret" not in str(error.value)


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"gone\.pem"):
        Client("https://h", ca_certs=str(tmp_path / "gone.pem"))


def test_importing_the_client_imports_no_library_of_the_service() -> None:
    code = f"import sys, lookalike.client; print(sorted({FOREIGN} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ALL_PROXY": "socks5://user:hunter2@127.0.0.1:1"}, "SOCKS"),
        ({"HTTPS_PROXY": "ftp://user:hunter2@127.0.0.1"}, "not the URL of a proxy"),
        ({"HTTPS_PROXY": "http://user:hunter2@[::1"}, "not the URL of a proxy"),
        ({"SSL_CERT_FILE": "/no/such.pem"}, "SSL_CERT_FILE"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_the_environment_names_and_cannot_be_used_is_said(
    environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=said) as refused:
        Client("https://search.example")
    assert "hunter2" not in str(refused.value)


def test_this_machine_is_reached_without_the_proxy_of_the_environment(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (ALL | KEPT | {"SSL_CERT_FILE": "/no/such.pem"}).items():
        monkeypatch.setenv(name, value)
    with Client(client.address) as another:
        assert another.ready().index.documents > 0
