"""Whether a server can listen where it is told to, before anything is started for it."""

import errno
import socket

from lookalike.errors import AccessDenied, BadSetting, LookalikeError, PermanentError

#: Where `serve` and `up` listen unless they are told otherwise.
SEARCH_PORT = 8000
#: And Flower.
FLOWER_PORT = 5555


def check_port(host: str, port: int, option: str = "--port") -> None:
    """Raises PermanentError for a port in use, AccessDenied for one that needs more rights, BadSetting for a host that
    is not this machine. `option` names the option that chooses another port. Port 0 means any free port."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the servers do: what lingers of a connection that was closed does not take the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise _meaning(error, host, port, option) from error


def _meaning(error: OSError, host: str, port: int, option: str) -> LookalikeError:
    if error.errno == errno.EADDRINUSE:
        advice = f"Stop what listens there, or choose another with {option}."
        return PermanentError(f"Port {port} of {host} is taken by another program.", advice)
    if error.errno in (errno.EACCES, errno.EPERM):
        return AccessDenied(f"Port {port} may not be taken: {error.strerror}.", f"Choose one above 1023 with {option}.")
    return BadSetting(f"{host} is no address of this machine: {error.strerror}.", "Correct --host.")
