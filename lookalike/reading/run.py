"""The images of one chunk on their way, and how long the process that decodes them waits for the last ones."""

import asyncio
import time
from collections.abc import Callable, Iterable

from lookalike.errors import HostUnavailable, LookalikeError
from lookalike.reading.ahead import Ahead
from lookalike.reading.allowance import Flight
from lookalike.reading.arrivals import Arrival, Delayed, Wanted
from lookalike.reading.hosts import Host

#: A process that waits for its last images waits so long, and twice as long each time that they are tried again, unless
#: more than so many bytes a second come from all hosts together.
TRICKLE_S = 10.0
TRICKLE_BYTES_PER_S = 16 * 1024

#: An arrival with the flight that holds its bytes, or an error that concerns the whole chunk.
Delivery = tuple[Arrival, Flight] | BaseException


class Run:
    """Fetches all of `wanted` in the event loop of `ahead`, and calls `deliver` for each in order of arrival. `tries`
    is how often they were put aside before."""

    def __init__(
        self, ahead: Ahead, wanted: Iterable[Wanted], deliver: Callable[[Delivery], None], *, tries: int
    ) -> None:
        self._ahead = ahead
        self._deliver = deliver
        self._tries = tries
        self._patience_s = TRICKLE_S * 2.0 ** min(tries, 10)
        self._began_at = time.monotonic()
        self._tasks: dict[asyncio.Task[None], tuple[Wanted, Flight]] = {}
        self._flights: list[Flight] = []
        #: How long nothing had arrived when it was last looked at, and the bytes that there were when that began.
        self._idle_s = float("inf")
        self._held_before = 0
        for item in wanted:
            self._add(item)

    def _add(self, item: Wanted) -> None:
        flight = Flight(item.ref.uri)
        self._ahead.allowance.begin(flight)
        self._flights.append(flight)
        task = asyncio.create_task(self._bring(item, flight))
        self._tasks[task] = (item, flight)
        task.add_done_callback(self._forget)

    async def _bring(self, item: Wanted, flight: Flight) -> None:
        read_at_ns = time.time_ns()
        try:
            result = await self._ahead.result(item, flight)
        except (LookalikeError, OSError, MemoryError) as error:
            self._end(flight, error)
            return
        self._end(flight, (Arrival(item.ref, result, read_at_ns), flight))

    def _end(self, flight: Flight, delivery: Delivery) -> None:
        """Deliver what became of an image. One that was given up may take a while to stop, and end in another way."""
        if flight.is_complete:
            return
        self._ahead.allowance.complete(flight)
        self._deliver(delivery)

    def _forget(self, task: asyncio.Task[None]) -> None:
        """Raises a bug of a place in whoever waits for the run."""
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._deliver(error)

    def give_up(self, idle_s: float, is_over: bool) -> None:
        """Deliver as delayed the images that are waited for no longer, and all if the time of the chunk `is_over`.
        `idle_s`: how long nothing has arrived from any host."""
        is_trickle = self._is_trickle(idle_s)
        for task, (item, flight) in list(self._tasks.items()):
            host = self._ahead.host_of(flight.at)
            why = self._fault(flight, host, idle_s, is_trickle)
            if flight.is_complete or not (is_over or why):
                continue
            task.cancel()
            is_told = flight.is_asked or host.asked_at > self._began_at
            delayed = self._delayed(flight, host, why) if is_told else _unasked(host)
            self._end(flight, (Arrival(item.ref, delayed, time.time_ns()), flight))

    def _is_trickle(self, idle_s: float) -> bool:
        """Whether the process has waited for long, and little has come meanwhile: then the images that are on their way
        go into chunks of their own, where they have more time."""
        held = sum(flight.held for flight in self._flights)
        if idle_s <= self._idle_s:
            self._held_before = held
        self._idle_s = idle_s
        return idle_s >= self._patience_s and held - self._held_before < TRICKLE_BYTES_PER_S * idle_s

    def _fault(self, flight: Flight, host: Host, idle_s: float, is_trickle: bool) -> str:
        """Why an image is waited for no longer; empty if it is. Whoever waits for a turn has no fault."""
        if host.is_local or not flight.is_asked:
            return ""
        if min(self._silent_s(flight, host), idle_s) >= host.patience_s(self._tries):
            return self._silence(flight, host)
        if is_trickle and time.monotonic() - flight.asked_at >= self._patience_s:
            return "it sends too slowly"
        return ""

    def _silent_s(self, flight: Flight, host: Host) -> float:
        """Since the last sign of life."""
        return time.monotonic() - max(flight.progress_at, host.progress_at, self._began_at)

    def _silence(self, flight: Flight, host: Host) -> str:
        return f"it does not answer within {self._silent_s(flight, host):.1f} s"

    def _delayed(self, flight: Flight, host: Host, why: str) -> Delayed:
        error = host.away or HostUnavailable(host.name, why or self._silence(flight, host))
        is_alive = host.progress_at > self._began_at
        if not is_alive and not host.away:
            host.left(error)
            self._ahead.ask(host, flight.at, at_once=True)
        return Delayed(host.name, error, has_progress=is_alive)

    def end(self) -> None:
        """Stop what is still on its way, and release what nobody takes."""
        for task in list(self._tasks):
            task.cancel()
        for flight in self._flights:
            self._ahead.allowance.release(flight)


def _unasked(host: Host) -> Delayed:
    """Nothing speaks against an image whose host was not asked for any."""
    error = host.away or HostUnavailable(host.name, "the images of other hosts took all the time")
    return Delayed(host.name, error, has_progress=not host.away)
