"""Ports of the loopback interface that no two test processes choose at the same time."""

import atexit
import random
import socket
import sys
from pathlib import Path

#: Used where the kernel does not say which ports it gives to clients (Linux's own default).
FIRST_CLIENT_PORT = 32_768
FIRST_PORT = 15_000
ATTEMPTS = 1_000
#: Kept open until this process ends: each one reserves a port.
_reservations: list[socket.socket] = []


@atexit.register
def _release() -> None:
    for lock in _reservations:
        lock.close()


def free_port() -> int:
    """A TCP port that is free on 127.0.0.1 and reserved for this process until it ends.

    The port lies below those that the kernel gives to clients, so it stays free while its server restarts. Raises
    OSError when no port is free.
    """
    for _ in range(ATTEMPTS):
        port = random.SystemRandom().randrange(FIRST_PORT, _first_client_port())
        if _is_reserved(port) and _is_free(port):
            return port
    raise OSError(f"no free port between {FIRST_PORT} and {_first_client_port()}")


def _first_client_port() -> int:
    known = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(known.read_text().split()[0]) if known.exists() else FIRST_CLIENT_PORT
    return first if first > FIRST_PORT + ATTEMPTS else FIRST_CLIENT_PORT


def _is_reserved(port: int) -> bool:
    """Whether this process has just reserved it. The lock is a socket without a file, which ends with the process."""
    if sys.platform != "linux":
        return True
    lock = socket.socket(socket.AF_UNIX)
    try:
        lock.bind(f"\0lookalike-test-port-{port}")
    except OSError:
        lock.close()
        return False
    _reservations.append(lock)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
