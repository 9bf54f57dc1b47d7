"""Bounds the bytes that a process holds before they are decoded, however many requests are in flight."""

import asyncio
import time
from contextvars import ContextVar


class Flight:
    """One image on its way, and the bytes that have come. `progress_at` is when some came last, or a request was sent;
    until `is_asked`, it waits for its turn. `at` is where it is asked for, after so many `redirects`; None if it is the
    place that follows all of them."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.redirects: int | None = None
        self.held = 0
        self.is_complete = False
        self.is_asked = False
        #: Everywhere where it was asked for until now.
        self.asked: set[str] = set()
        self.progress_at = self.asked_at = time.monotonic()

    def go(self, at: str, redirects: int | None) -> None:
        """It is asked for at this address from now on, when it is its turn there."""
        self.at, self.redirects = at, redirects
        self.is_asked = False

    def ask(self) -> None:
        """A request is sent now."""
        self.is_asked = True
        self.asked.add(self.at)
        self.progress_at = self.asked_at = time.monotonic()


class Allowance:
    """At most `limit` bytes for all flights, and for one of them as many as it needs: otherwise several large images
    could wait for each other. Used from one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._flights: dict[Flight, None] = {}
        self._first: Flight | None = None
        self._changed = asyncio.Event()

    @property
    def held(self) -> int:
        """Bytes that all flights hold."""
        return self._held

    def begin(self, flight: Flight) -> None:
        self._flights[flight] = None

    async def grow(self, flight: Flight, count: int) -> None:
        """Wait until there is room for `count` more bytes."""
        while self._held + count > self._limit and flight is not self._unbounded():
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

    def _unbounded(self) -> Flight | None:
        """The flight that may have as many bytes as it needs, until it is complete: the oldest one that has been asked
        for. One that waits for its turn may wait for these very flights. None while a complete image waits for the one
        who decodes it, and who makes room."""
        if any(flight.is_complete and flight.held for flight in self._flights):
            return None
        if self._first not in self._flights or self._first.is_complete:
            going = (flight for flight in self._flights if flight.is_asked and not flight.is_complete)
            self._first = next(going, None)
        return self._first


#: The allowance and the flight of the running request.
current: ContextVar[tuple[Allowance, Flight] | None] = ContextVar("current", default=None)


async def received(count: int) -> None:
    """A place calls this with the size of each piece that it takes, before it takes the next one: so a large answer
    waits until there is room, and a slow one counts as alive."""
    running = current.get()
    if running is not None:
        await running[0].grow(running[1], count)
