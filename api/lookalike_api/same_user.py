"""Connections to a service without a key: on Linux only the user that runs it, and root, get an answer.

A port of the loopback address is open to every user of the machine, and the service shows images that only its own user
may read. The kernel lists the owner of each socket in /proc/net/tcp (Documentation/networking/proc_net_tcp.rst).
"""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lookalike_api.problems import problem
from lookalike_api.server import Connection

TABLES = ((socket.AF_INET, Path("/proc/net/tcp")), (socket.AF_INET6, Path("/proc/net/tcp6")))
ROOT = 0
REFUSED = (
    "Without an API key, this service answers only to the user that runs it. "
    "Set LOOKALIKE_API_KEY, or start it with --open-to-all."
)


class SameUserConnection(Connection):
    """A connection of which every request is refused if it comes from another user of this machine."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # Now, while the client must still have its socket: a closed one has no owner.
        if is_foreign(transport.get_extra_info("peername"), transport.get_extra_info("sockname")):
            self.app = problem(403, REFUSED)
        super().connection_made(transport)


def is_foreign(client: tuple[Any, ...], server: tuple[Any, ...]) -> bool:
    """Whether a connection of this machine belongs to another user; False where the system does not list owners."""
    if not TABLES[0][1].exists():
        return False
    return owner_of(client, server) not in (ROOT, os.geteuid())


def owner_of(client: tuple[Any, ...], server: tuple[Any, ...]) -> int | None:
    """The user id of the client's socket; None if there is none, or if its process has closed it."""
    for family, table in TABLES:
        wanted = f" {_place(family, *client[:2])} {_place(family, *server[:2])} "
        for line in _lines(table):
            if wanted in line:
                fields = line.split()
                # A socket that no process has any more is listed as root's, without an inode.
                return int(fields[7]) if fields[9] != "0" else None
    return None


def _lines(table: Path) -> Iterator[str]:
    try:
        with table.open() as opened:
            yield from opened
    except FileNotFoundError:  # no IPv6
        return


def _place(family: socket.AddressFamily, host: str, port: int) -> str:
    """An address as the tables write it: words of four bytes in the machine's order, and the port."""
    if family == socket.AF_INET6 and ":" not in host:
        host = f"::ffff:{host}"
    if family == socket.AF_INET and ":" in host:
        return "none"
    packed = socket.inet_pton(family, host)
    words = (int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4))
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"
