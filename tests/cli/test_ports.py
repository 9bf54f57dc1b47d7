"""A port that is not available is reported before a server is started."""

import socket

import pytest

from lookalike.errors import BadSetting, PermanentError
from lookalike_cli.ports import check_port


def test_a_port_in_use_is_reported_with_the_option_for_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PermanentError, match=f"Port {port} on 127.0.0.1 is already in use") as error:
            check_port("127.0.0.1", port)
    assert "--port" in str(error.value)
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.9", "no.such.invalid"])
def test_a_foreign_host_is_reported(host: str) -> None:
    with pytest.raises(BadSetting, match=f"{host} is not an address of this machine"):
        check_port(host, 0)
