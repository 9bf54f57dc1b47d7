"""Checks that a port is free before a server and its processes are started."""

import errno
import socket
from ipaddress import ip_address

from lookalike.errors import AccessDenied, BadSetting, LookalikeError, PermanentError

#: Default port of `serve` and `up`.
SEARCH_PORT = 8000
#: On a machine without load it takes no time; without a loopback interface it fails at once.
CONNECT_TIMEOUT_S = 30.0
#: Default port of Flower.
FLOWER_PORT = 5555


def check_port(host: str, port: int, option: str = "--port") -> None:
    """Raise PermanentError for a port in use or a loopback that does not work, AccessDenied for a privileged port,
    BadSetting for a foreign host.

    `option` names the option that chooses another port. Port 0 means any free port.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # Like the servers: a connection in TIME_WAIT does not block the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            if ip_address(place[0]).is_loopback:
                _check_loopback(probe)
    except OSError as error:
        raise _meaning(error, host, port, option) from error


def _check_loopback(server: socket.socket) -> None:
    """Raise PermanentError if a bound address of this machine itself cannot be connected to."""
    server.listen()
    try:
        socket.create_connection(server.getsockname()[:2], timeout=CONNECT_TIMEOUT_S).close()
    except OSError as error:
        what = f"Nobody can connect to {server.getsockname()[0]} on this machine: {error.strerror or error}."
        raise PermanentError(what, "Bring its loopback interface up, or choose another address with --host.") from error


def _meaning(error: OSError, host: str, port: int, option: str) -> LookalikeError:
    if error.errno == errno.EADDRINUSE:
        advice = f"Stop that program, or choose another port with {option}."
        return PermanentError(f"Port {port} on {host} is already in use.", advice)
    if error.errno in (errno.EACCES, errno.EPERM):
        return AccessDenied(
            f"Port {port} is not permitted: {error.strerror}.", f"Choose a port above 1023 with {option}."
        )
    return BadSetting(f"{host} is not an address of this machine: {error.strerror}.", "Correct --host.")
