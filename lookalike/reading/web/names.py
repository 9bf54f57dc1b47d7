"""Looks up the names of hosts once, and gives connections only the addresses to which they may go."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from lookalike.addresses import bracketed
from lookalike.roots import Grant, inward

#: A name whose servers are away holds a thread for half a minute, and other names must not wait for it.
THREADS = 32

#: The addresses of a host, as text. Raises OSError.
LookUp = Callable[[str], Awaitable[list[str]]]


class SystemNames:
    """Asks the resolver of the system, which knows /etc/hosts as well."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "names")

    async def __call__(self, host: str) -> list[str]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _addresses, host)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedNames(AbstractResolver):
    """For the connections to one host: aiohttp connects to exactly the addresses that `resolve` returns."""

    def __init__(self, look_up: LookUp, grant: Grant, scheme: str) -> None:
        self._look_up = look_up
        self._grant = grant
        self._scheme = scheme

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises ImageRejected (outside_root) if none of the addresses may be connected to, and OSError."""
        allowed = [address for address in await self._look_up(host) if self._grant.allows(address)]
        if not allowed:
            raise inward(host, f"{self._scheme}://{bracketed(host)}:{port}/", self._grant)
        return [_result(host, address, port) for address in allowed]

    async def close(self) -> None:
        pass


def _addresses(host: str) -> list[str]:
    # As bytes, because text would be encoded by the rules of 2003. Without AI_ADDRCONFIG, by which a machine without a
    # network knows no name at all, as if there were none.
    found = socket.getaddrinfo(host.encode(), None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
