"""Clients that are slow, silent or many: each connection ends in bounded time, and others are served meanwhile."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import httpx2
import pytest

from lookalike.settings import Settings
from lookalike_api import server
from testing.processes import await_true
from tests.api.service import serving
from tests.api.test_bad_input import problem_detail

HEAD = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
UPLOAD = b"POST /%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"
LIMIT_S = 0.5


@pytest.fixture(scope="module")
def client(lance: Settings) -> Iterator[httpx2.Client]:
    """A client of a service with short limits."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HEAD_TIMEOUT_S", "SEND_TIMEOUT_S", "CLOSE_TIMEOUT_S"):
            patch.setattr(server, name, LIMIT_S)
        patch.setattr(server, "REQUEST_TIMEOUT_S", 2 * LIMIT_S)
        with serving(lance, is_ready=False) as client:
            yield client


def connect(client: httpx2.Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=30)


def until_closed(connection: socket.socket, drip: bytes = b"") -> bytes:
    """What arrives until the service closes; `drip` is sent again and again meanwhile."""
    received, began = b"", time.monotonic()
    connection.settimeout(0.1)
    while True:
        assert time.monotonic() - began < 15, "the connection was never closed"
        # A connection that takes nothing more may still hold an answer.
        with suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
            connection.sendall(drip)
        with suppress(TimeoutError):
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                return received
            if not piece:
                return received
            received += piece


@pytest.mark.parametrize(
    ("start", "drip"),
    [(b"G", b""), (HEAD, b""), (HEAD, b"X: y\r\n"), (b"GET /", b"x"), (b"\r\n", b"\r\n"), (HEAD + b"\r\n" + HEAD, b"")],
    ids=["one letter", "half a head", "a head without end", "a path without end", "empty lines", "a second request"],
)
def test_a_request_that_does_not_arrive_is_answered_and_closed(
    client: httpx2.Client, start: bytes, drip: bytes
) -> None:
    with closing(connect(client)) as connection:
        connection.sendall(start)
        answer = until_closed(connection, drip)
    assert answer.count(b"HTTP/1.1 408") + answer.count(b"HTTP/1.1 400") == 1 or drip == b"\r\n"
    assert client.get("/health/live").status_code == 200


def test_a_connection_without_a_request_is_closed_without_an_answer(client: httpx2.Client) -> None:
    with closing(connect(client)) as connection:
        assert until_closed(connection) == b""


@pytest.mark.parametrize("path", [b"labels", b"nowhere", b"health/live", b"search?k=0"])
def test_a_body_that_nobody_reads_keeps_no_connection(client: httpx2.Client, path: bytes) -> None:
    with closing(connect(client)) as connection:
        connection.sendall(UPLOAD % path)
        assert until_closed(connection, b"x").startswith(b"HTTP/1.1 4")


def test_a_client_that_takes_no_answer_is_disconnected(client: httpx2.Client) -> None:
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((client.base_url.host, client.base_url.port or 0))
        connection.sendall((b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") * 50)
        # Without an answer to read, only an error shows that the connection has ended.
        await_true(lambda: connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 15)
    assert client.get("/health/live").status_code == 200


def test_what_is_not_http_gets_a_problem_document(client: httpx2.Client) -> None:
    with closing(connect(client)) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        answer = until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request") and b"application/problem+json" in answer


def test_a_connection_too_many_is_refused_politely(lance: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lance, is_ready=False) as client, ExitStack() as closing:
        client.get("/health/live")
        monkeypatch.setattr(server, "most_connections", lambda: 4)
        held = [closing.enter_context(connect(client)) for _ in range(3)]
        for connection in held:
            connection.sendall(HEAD + b"\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"
        with httpx2.Client(base_url=client.base_url) as other:
            refused = other.get("/health/live")
            problem_detail(refused, 503)
            assert refused.headers["Retry-After"] == "1" and refused.headers["Connection"] == "close"
            closing.close()
            await_true(lambda: other.get("/health/live").status_code == 200)


def test_a_refusal_reaches_a_client_that_goes_on_sending(client: httpx2.Client) -> None:
    with closing(connect(client)) as connection:
        connection.sendall(b"no HTTP\r\n\r\n")
        for _ in range(20):
            # Not an error: the service reads and drops it.
            connection.sendall(bytes(10_000))
        assert until_closed(connection).startswith(b"HTTP/1.1 400")
    await_true(lambda: not server._lingering)


def test_few_refused_connections_are_kept_open(client: httpx2.Client) -> None:
    with ExitStack() as closing:
        connections = [closing.enter_context(connect(client)) for _ in range(100)]
        for connection in connections:
            connection.sendall(b"no HTTP\r\n\r\n")
        await_true(lambda: len(server._lingering) > 10)
        assert len(server._lingering) <= server.MOST_LINGERING
    await_true(lambda: not server._lingering)


@pytest.mark.parametrize(("soft", "hard", "expected"), [(64, 64, 32), (300, 600, 344), (300, 4096, 1000)])
def test_there_are_fewer_connections_than_descriptors(soft: int, hard: int, expected: int) -> None:
    limited = f"import resource as r; r.setrlimit(r.RLIMIT_NOFILE, ({soft}, {hard}))"
    code = f"{limited}; from lookalike_api.server import most_connections; print(most_connections())"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == str(expected)


def test_a_stop_waits_for_no_slow_client(lance: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "STOP_TIMEOUT_S", LIMIT_S)
    with ExitStack() as ending:
        client = ending.enter_context(serving(lance, is_ready=False))
        for start in (b"", HEAD, UPLOAD % b"search", UPLOAD % b"labels"):
            connection = connect(client)
            ending.callback(connection.close)
            connection.sendall(start)
        client.get("/health/live")
        began = time.monotonic()
        ending.close()
    assert time.monotonic() - began < 10
