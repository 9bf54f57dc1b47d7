"""A port that cannot be had is named before a server is started for it."""

import socket

import pytest
from lookalike_cli.ports import check_port

from lookalike.errors import BadSetting, PermanentError


def test_a_taken_port_is_named_with_the_option_that_chooses_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PermanentError, match=f"Port {port} of 127.0.0.1 is taken") as error:
            check_port("127.0.0.1", port)
    assert "--port" in str(error.value)
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.9", "no.such.invalid"])
def test_a_host_that_is_another_machine_is_named(host: str) -> None:
    with pytest.raises(BadSetting, match=f"{host} is no address of this machine"):
        check_port(host, 0)
