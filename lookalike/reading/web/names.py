"""Looks up the names of hosts once, and gives connections only the addresses to which they may go."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp.abc import AbstractResolver, ResolveResult

from lookalike.addresses import bracketed
from lookalike.roots import Grant, inward

#: A name whose servers are away holds a thread for half a minute, and other names must not wait for it.
MOST_THREADS = 512

#: The addresses of a host, as text. Raises OSError.
LookUp = Callable[[str], Awaitable[list[str]]]


class SystemNames:
    """Asks the resolver of the system, which knows /etc/hosts as well, once for all who wait for a name.

    Each name has a thread of its own that nothing waits for: those of an executor would hold up the end of the process.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MOST_THREADS)
        self._asked: dict[str, asyncio.Task[list[str]]] = {}

    async def __call__(self, host: str) -> list[str]:
        if host not in self._asked:
            self._asked[host] = asyncio.create_task(self._addresses(host))
            self._asked[host].add_done_callback(lambda task: self._forget(host, task))
        return await asyncio.shield(self._asked[host])

    async def _addresses(self, host: str) -> list[str]:
        loop = asyncio.get_running_loop()
        async with self._free:
            answer: asyncio.Future[list[str]] = loop.create_future()
            threading.Thread(target=_answer, args=(loop, answer, host), name="names", daemon=True).start()
            return await answer

    def _forget(self, host: str, task: asyncio.Task[list[str]]) -> None:
        self._asked.pop(host, None)
        if not task.cancelled():
            # Whoever waited may have given up: then nobody else takes the error.
            task.exception()


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
        allowed = [address for address in await self._look_up(host) if self._allows(address)]
        if not allowed:
            raise inward(host, f"{self._scheme}://{bracketed(host)}:{port}/", self._grant)
        return [_result(host, address, port) for address in allowed]

    async def close(self) -> None:
        pass

    def _allows(self, address: str) -> bool:
        return self._grant.allows(address)


class UnguardedNames(GuardedNames):
    """For a store or a proxy, whose name comes from the settings of this machine and may lead anywhere."""

    def __init__(self, look_up: LookUp) -> None:
        super().__init__(look_up, Grant(), "")

    def _allows(self, address: str) -> bool:
        return True


def _answer(loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[list[str]]", host: str) -> None:
    """In a thread: look a name up, and say so to the loop unless it has ended."""
    try:
        found: list[str] | OSError = _addresses(host)
    except OSError as error:
        found = error
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, answer, found)


def _settle(answer: "asyncio.Future[list[str]]", found: list[str] | OSError) -> None:
    if answer.done():
        return
    if isinstance(found, OSError):
        answer.set_exception(found)
    else:
        answer.set_result(found)


def _addresses(host: str) -> list[str]:
    # As bytes, because text would be encoded by the rules of 2003. Without AI_ADDRCONFIG, by which a machine without a
    # network knows no name at all, as if there were none.
    found = socket.getaddrinfo(host.encode(), None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
