"""Bounds the bytes that a process holds before they are decoded, however many requests are in flight."""

import asyncio
import time
from contextvars import ContextVar


class Flight:
    """One request, and the bytes that it has brought. `progress_at` is when it last brought some, or began."""

    def __init__(self) -> None:
        self.held = 0
        self.is_complete = False
        self.progress_at = time.monotonic()


class Allowance:
    """At most `limit` bytes for all flights, and for the oldest one as many as it needs: otherwise several large images
    could wait for each other. Used from one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._flights: dict[Flight, None] = {}
        self._changed = asyncio.Event()

    @property
    def held(self) -> int:
        """Bytes that all flights hold."""
        return self._held

    def begin(self, flight: Flight) -> None:
        self._flights[flight] = None

    async def grow(self, flight: Flight, count: int) -> None:
        """Wait until there is room for `count` more bytes."""
        while self._held + count > self._limit and flight is not self._oldest():
            self._changed.clear()
            await self._changed.wait()
        self.add(flight, count)

    def add(self, flight: Flight, count: int) -> None:
        """Count bytes that are there already; those of a flight that was released are on their way out."""
        flight.progress_at = time.monotonic()
        if flight in self._flights:
            flight.held += count
            self._held += count

    def complete(self, flight: Flight) -> None:
        """The flight brings no more; its bytes count until it is released."""
        flight.is_complete = True
        self._changed.set()

    def release(self, flight: Flight) -> None:
        """The bytes of the flight are held no longer. Has no effect when repeated."""
        if flight in self._flights:
            del self._flights[flight]
            self._held -= flight.held
            self._changed.set()

    def _oldest(self) -> Flight | None:
        return next((flight for flight in self._flights if not flight.is_complete), None)


#: The allowance and the flight of the running request.
current: ContextVar[tuple[Allowance, Flight] | None] = ContextVar("current", default=None)


async def received(count: int) -> None:
    """A place calls this with the size of each piece that it takes, before it takes the next one: so a large answer
    waits until there is room, and a slow one counts as alive."""
    running = current.get()
    if running is not None:
        await running[0].grow(running[1], count)
