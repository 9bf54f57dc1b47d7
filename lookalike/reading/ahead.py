"""Fetches the images of a chunk while others of it are decoded: bounded in requests, in bytes, and by host."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lookalike.errors import HostUnavailable, ImageRejected, LookalikeError, ObjectUnavailable, SourceUnavailable
from lookalike.reading import hops
from lookalike.reading.allowance import Allowance, Flight, current
from lookalike.reading.arrivals import Arrival, Delayed, Result, Unchanged, Wanted
from lookalike.reading.contract import Fetched, Place
from lookalike.reading.hops import Redirected
from lookalike.reading.hosts import Away, Host, HostLimits, Hosts
from lookalike.reading.slots import Outpaced, Slots
from lookalike.records import ImageRef

#: Requests for one image before it is put aside, with pauses that double from the first on, each with full jitter.
TRIES = 3
FIRST_PAUSE_S = 0.25
#: A process that waits for its last images waits so long, and twice as long each time that they are tried again, unless
#: more than so many bytes a second come from all hosts together.
TRICKLE_S = 10.0
TRICKLE_BYTES_PER_S = 16 * 1024

#: An arrival with the flight that holds its bytes, or an error that concerns the whole chunk.
Delivery = tuple[Arrival, Flight] | BaseException


@dataclass(frozen=True)
class AheadLimits:
    """Of one process: requests at once, and bytes that are held."""

    requests: int = 32
    bytes: int = 64 * 2**20
    host: HostLimits = field(default_factory=HostLimits)


class Ahead:
    """Fetches from `place` in its event loop. Several threads may have a run each."""

    def __init__(self, place: Place, limits: AheadLimits) -> None:
        self._place = place
        self._hosts = Hosts(limits.host)
        self._slots = Slots(limits.requests)
        self.allowance = Allowance(limits.bytes)
        self._asking: set[asyncio.Task[None]] = set()

    def begin(self, wanted: Iterable[Wanted], deliver: Callable[[Delivery], None], *, tries: int) -> "Run":
        """Fetch all; `deliver` is called for each in order of arrival. `tries`: how often they were put aside."""
        run = Run(self, deliver, tries)
        for item in wanted:
            run.add(item)
        return run

    async def fetch(self, ref: ImageRef) -> Fetched:
        """The bytes of one image. Raises as a place does."""
        flight = Flight(ref.uri)
        self.allowance.begin(flight)
        try:
            result = await self.result(Wanted(ref), flight)
        finally:
            self.allowance.release(flight)
        if isinstance(result, Fetched):
            return result
        raise result.error if isinstance(result, Delayed) else _as_error(result)

    async def result(self, item: Wanted, flight: Flight) -> Result:
        """What becomes of an image in a few requests. Raises MachineExhausted."""
        for number in range(TRIES):
            try:
                return await self._found(item, flight)
            except ImageRejected as error:
                return error
            except (HostUnavailable, SourceUnavailable) as error:
                last, host = error, self._hosts.of(flight.at)
                if host.away or host.asks_to_wait or number + 1 == TRIES:
                    break
            await asyncio.sleep(random.uniform(0, FIRST_PAUSE_S * 2**number))
        self.ask(host, flight.at)
        has_progress = is_throttled(last) or (host.is_alive and flight.at not in flight.asked)
        return Delayed(host.name, last, has_progress=has_progress)

    async def _found(self, item: Wanted, flight: Flight) -> Fetched | Unchanged:
        """The image at the end of all redirects; each host on the way is asked in its turn."""
        flight.go(item.ref.uri, hops.first(item.ref.uri))
        while True:
            try:
                return await self._request(item, flight)
            except Redirected as elsewhere:
                flight.go(elsewhere.url, elsewhere.count)

    async def _request(self, item: Wanted, flight: Flight) -> Fetched | Unchanged:
        host = self._hosts.of(flight.at)
        async with host.turn(), self._slot(host, flight):
            began = time.monotonic()
            try:
                answer = await self._answer(item, flight)
            except (ImageRejected, ObjectUnavailable, Redirected):
                host.answered(time.monotonic() - began)
                raise
            except (HostUnavailable, SourceUnavailable) as error:
                host.failed(flight.at, error)
                raise
            host.answered(time.monotonic() - began)
            return answer

    @asynccontextmanager
    async def _slot(self, host: Host, flight: Flight) -> AsyncIterator[None]:
        """A request at a time when there are not too many. A host that is too slow counts as away."""
        try:
            async with self._slots.taken(flight):
                host.asked_at = time.monotonic()
                yield
        except Outpaced as error:
            away = HostUnavailable(host.name, "it is slow, and images of other hosts waited for it")
            host.left(away)
            raise away from error

    async def _answer(self, item: Wanted, flight: Flight) -> Fetched | Unchanged:
        token, token_of_hops = current.set((self.allowance, flight)), hops.taken.set(flight.redirects)
        try:
            fetched = await self._asked(item, flight.at)
        finally:
            current.reset(token)
            hops.taken.reset(token_of_hops)
        if fetched is None:
            return Unchanged(item.etag)
        self.allowance.add(flight, max(len(fetched.data) - flight.held, 0))
        return fetched

    async def _asked(self, item: Wanted, at: str) -> Fetched | None:
        """None: the image has the etag that it had."""
        if item.etag:
            return await self._place.fetch_unless(at, item.etag, item.ref.span)
        return await self._place.fetch(at, item.ref.span)

    def ask(self, host: Host, uri: str, *, at_once: bool = False) -> None:
        """If the host is away and it is time, ask it about one image in the background: no chunk waits for it."""
        if host.is_to_be_asked(at_once=at_once):
            task = asyncio.create_task(self._ask(host, uri))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, host: Host, uri: str) -> None:
        began = time.monotonic()
        hops.taken.set(hops.first(uri))
        try:
            await self._place.look(uri)
        except (ObjectUnavailable, Redirected):
            pass
        except (HostUnavailable, SourceUnavailable) as error:
            host.left(error)
            return
        except (LookalikeError, OSError):
            pass
        host.answered(time.monotonic() - began)

    def host_of(self, uri: str) -> Host:
        return self._hosts.of(uri)


class Run:
    """The images of one chunk on their way."""

    def __init__(self, ahead: Ahead, deliver: Callable[[Delivery], None], tries: int) -> None:
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

    def add(self, item: Wanted) -> None:
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
        """Deliver as delayed the images of hosts that have shown no sign of life for too long, and of all hosts if the
        time of the chunk `is_over`. `idle_s`: how long nothing has arrived from any host."""
        is_trickle = self._is_trickle(idle_s)
        for task, (item, flight) in list(self._tasks.items()):
            host = self._ahead.host_of(flight.at)
            silent_s = time.monotonic() - max(flight.progress_at, host.progress_at, self._began_at)
            # Whoever waits for a turn is not silent.
            can_be_silent = flight.is_asked and not host.is_local
            is_silent = can_be_silent and min(silent_s, idle_s) >= host.patience_s(self._tries)
            is_slow = can_be_silent and is_trickle and time.monotonic() - flight.asked_at >= self._patience_s
            if flight.is_complete or not (is_over or is_silent or is_slow):
                continue
            task.cancel()
            is_told = flight.is_asked or host.asked_at > self._began_at
            is_dripping = is_slow and not is_silent
            why = "it sends too slowly" if is_dripping else f"it does not answer within {silent_s:.1f} s"
            delayed = self._delayed(flight.at, host, why) if is_told else _unasked(host)
            self._end(flight, (Arrival(item.ref, delayed, time.time_ns()), flight))

    def _is_trickle(self, idle_s: float) -> bool:
        """Whether the process has waited for long, and little has come meanwhile: then the images that are on their way
        go into chunks of their own, where they have more time."""
        held = sum(flight.held for flight in self._flights)
        if idle_s <= self._idle_s:
            self._held_before = held
        self._idle_s = idle_s
        return idle_s >= self._patience_s and held - self._held_before < TRICKLE_BYTES_PER_S * idle_s

    def _delayed(self, at: str, host: Host, why: str) -> Delayed:
        error = host.away or HostUnavailable(host.name, why)
        is_alive = host.progress_at > self._began_at
        if not is_alive and not host.away:
            host.left(error)
            self._ahead.ask(host, at, at_once=True)
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


def is_throttled(error: Away) -> bool:
    """Whether the host only asks to wait."""
    return isinstance(error, HostUnavailable) and error.retry_after_s is not None


def _as_error(result: Unchanged | ImageRejected) -> ImageRejected:
    assert isinstance(result, ImageRejected)
    return result
