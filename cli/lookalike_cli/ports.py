"""Checks that a port is free before a server and its processes are started."""

import errno
import socket

from lookalike.errors import AccessDenied, BadSetting, LookalikeError, PermanentError

#: Default port of `serve` and `up`.
SEARCH_PORT = 8000
#: Default port of Flower.
FLOWER_PORT = 5555


def check_port(host: str, port: int, option: str = "--port") -> None:
    """Raise PermanentError for a port in use, AccessDenied for a privileged one, BadSetting for a foreign host.

    `option` names the option that chooses another port. Port 0 means any free port.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # Like the servers: a connection in TIME_WAIT does not block the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise _meaning(error, host, port, option) from error


def _meaning(error: OSError, host: str, port: int, option: str) -> LookalikeError:
    if error.errno == errno.EADDRINUSE:
        advice = f"Stop that program, or choose another port with {option}."
        return PermanentError(f"Port {port} on {host} is already in use.", advice)
    if error.errno in (errno.EACCES, errno.EPERM):
        return AccessDenied(
            f"Port {port} is not permitted: {error.strerror}.", f"Choose a port above 1023 with {option}."
        )
    return BadSetting(f"{host} is not an address of this machine: {error.strerror}.", "Correct --host.")
