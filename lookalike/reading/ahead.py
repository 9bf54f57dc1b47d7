"""Fetches images while others are decoded: bounded in requests, in bytes, and by host."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lookalike.errors import HostUnavailable, ImageRejected, LookalikeError, ObjectUnavailable, SourceUnavailable
from lookalike.reading import hops
from lookalike.reading.allowance import Allowance, Flight, current
from lookalike.reading.arrivals import Delayed, Result, Unchanged, Wanted
from lookalike.reading.contract import Fetched, Place
from lookalike.reading.hops import Redirected
from lookalike.reading.hosts import Away, Host, HostLimits, Hosts
from lookalike.reading.slots import Outpaced, Slots
from lookalike.records import ImageRef

#: Requests for one image before it is put aside, with pauses that double from the first on, each with full jitter.
TRIES = 3
FIRST_PAUSE_S = 0.25


@dataclass(frozen=True)
class AheadLimits:
    """Of one process: requests at once, and bytes that are held."""

    requests: int = 32
    bytes: int = 64 * 2**20
    host: HostLimits = field(default_factory=HostLimits)


class Ahead:
    """Fetches from `place` in its event loop. Several threads may have a `Run` each."""

    def __init__(self, place: Place, limits: AheadLimits) -> None:
        self._place = place
        self._hosts = Hosts(limits.host)
        self._slots = Slots(limits.requests)
        self.allowance = Allowance(limits.bytes)
        self._asking: set[asyncio.Task[None]] = set()

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
        assert not isinstance(result, Unchanged), "nobody asked whether it has changed"
        raise result.error if isinstance(result, Delayed) else result

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
        has_progress = _is_throttled(last) or (host.is_alive and flight.at not in flight.asked)
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


def _is_throttled(error: Away) -> bool:
    """Whether the host only asks to wait."""
    return isinstance(error, HostUnavailable) and error.retry_after_s is not None
