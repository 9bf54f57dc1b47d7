"""A service without a key answers to the user that runs it, and to no other user of the machine."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from lookalike.settings import Settings
from lookalike_api.same_user import TABLES, is_foreign, owner_of
from lookalike_api.server import Connection
from lookalike_cli.serve import make_server
from tests.api.service import serving

NOBODY = 65534
#: Sends a request and prints the answer; not Python, which other users need not be able to run here.
REQUEST = "'%s %s HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n'"
ASK = f'exec 3<>/dev/tcp/127.0.0.1/$0 && printf {REQUEST} "$1" "$2" >&3 && cat <&3'

pytestmark = pytest.mark.skipif(not TABLES[0][1].exists(), reason="this system does not list the owners of sockets")


@pytest.fixture(scope="module")
def client(lance: Settings) -> Iterator[httpx2.Client]:
    with serving(lance, is_ready=False) as client:
        yield client


def asked(client: httpx2.Client, method: str, path: str) -> str:
    """What another user of this machine gets."""
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    command = ["bash", "-c", ASK, str(client.base_url.port), method, path]
    return subprocess.run(command, user=NOBODY, capture_output=True, text=True, cwd="/", timeout=60).stdout


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/jobs"), ("POST", "/search"), ("GET", "/metrics")])
def test_another_user_gets_nothing(client: httpx2.Client, method: str, path: str) -> None:
    told = asked(client, method, path)
    assert told.startswith("HTTP/1.1 403 ") and "LOOKALIKE_API_KEY" in told


def test_its_own_user_is_served(client: httpx2.Client) -> None:
    assert client.get("/").status_code == 200
    with closing(socket.create_connection((client.base_url.host, client.base_url.port or 0))) as connection:
        assert owner_of(connection.getsockname(), connection.getpeername()) == os.geteuid()


def test_a_header_does_not_make_another_user_ours(client: httpx2.Client) -> None:
    forged = {"X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
    assert client.get("/health/live", headers=forged).status_code == 200


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_owner_of_a_connection_is_found(family: socket.AddressFamily, host: str) -> None:
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"{host} is no address here")
    with listener, closing(socket.create_connection(listener.getsockname()[:2])) as connection:
        accepted, peer = listener.accept()
        with accepted:
            assert owner_of(peer, accepted.getsockname()) == os.geteuid()
            assert not is_foreign(peer, accepted.getsockname())
            # Nobody has this connection.
            assert owner_of((host, 1), accepted.getsockname()) is None
            assert is_foreign((host, 1), accepted.getsockname())
        connection.close()


def test_a_client_that_has_closed_its_socket_has_no_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = socket.create_connection(listener.getsockname())
        accepted, peer = listener.accept()
        with accepted:
            connection.close()
            assert owner_of(peer, accepted.getsockname()) is None


@pytest.mark.parametrize(
    ("settings", "options"),
    [({"api_key": "correct-horse-battery"}, {}), ({}, {"is_open": True})],
    ids=["with a key", "open to all"],
)
def test_a_key_or_an_option_lets_other_users_in(
    settings: dict[str, Any], options: dict[str, bool], tmp_path: Path
) -> None:
    server = make_server(Settings(home=tmp_path, **settings), "127.0.0.1", 8000, **options)
    assert server.config.http is Connection
