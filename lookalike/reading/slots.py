"""Bounds the requests of a process, so that those which last long do not keep the others from being sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lookalike.reading.allowance import Flight

#: A request that lasts longer is slow. Most images take a tenth of this from the other side of the world.
SLOW_S = 3.0
#: In this time a request ends that was told to.
ENDED_S = 0.02


class Outpaced(Exception):
    """A slow request was ended, because so many are slow that images of other hosts would wait for them."""


class Slots:
    """At most `count` requests at once, and as many slow ones beside them: a host that sends a byte now and then holds
    up its own images only. If there are more slow ones, and others wait, those end that were slow first."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = asyncio.Semaphore(count)
        self._slow: dict[_Request, None] = {}

    @asynccontextmanager
    async def taken(self, flight: Flight) -> AsyncIterator[None]:
        """A request of a flight, as soon as there is a slot. Raises Outpaced."""
        await self._free.acquire()
        flight.ask()
        request = _Request()
        self._look_later(request, SLOW_S)
        try:
            async with request.limit:
                yield
        except TimeoutError as error:
            if request.limit.expired():
                raise Outpaced from error
            raise
        finally:
            request.timer.cancel()
            self._slow.pop(request, None)
            if request.has_slot:
                self._free.release()

    def _look_later(self, request: "_Request", pause_s: float) -> None:
        request.timer = asyncio.get_running_loop().call_later(pause_s, self._is_slow, request)

    def _is_slow(self, request: "_Request") -> None:
        """Give the slot of a request to the next one, if one waits."""
        if not self._free.locked():
            self._look_later(request, SLOW_S)
            return
        if len(self._slow) >= self._count:
            self._end_first()
            self._look_later(request, ENDED_S)
            return
        self._slow[request] = None
        request.has_slot = False
        self._free.release()

    def _end_first(self) -> None:
        first = next((request for request in self._slow if not request.is_ending), None)
        if first is not None:
            first.is_ending = True
            first.limit.reschedule(0)


class _Request:
    def __init__(self) -> None:
        self.limit = asyncio.timeout(None)
        self.timer: asyncio.TimerHandle
        self.has_slot = True
        self.is_ending = False
