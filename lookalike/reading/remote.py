"""Everything that is read in the event loop of this process, for code that is not asynchronous."""

from collections.abc import Callable, Generator, Iterator, Sequence

from lookalike.errors import HostUnavailable
from lookalike.reading.ahead import Ahead, AheadLimits
from lookalike.reading.arrivals import Arrival, Meanwhile, Wanted
from lookalike.reading.background import BackgroundLoop
from lookalike.reading.contract import Fetched, State
from lookalike.reading.hosts import HostLimits, host_of
from lookalike.reading.incoming import Incoming
from lookalike.reading.places import Places
from lookalike.records import ImageRef
from lookalike.settings import Settings
from lookalike.storage import Storage


class Remote:
    """The places of one process, their event loop, and the limits for their hosts."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._limit_s = settings.fetch_limit_s
        self._places = Places(settings, storage)
        self._loop = BackgroundLoop()
        self._ahead = self._loop.run(_made(self._places, limits_of(settings)))

    def fetch(self, ref: ImageRef, limit_s: float | None = None) -> Fetched:
        try:
            return self._loop.run(self._ahead.fetch(ref), limit_s)
        except TimeoutError as error:
            raise HostUnavailable(host_of(ref.uri), f"it gives no image within {limit_s:g} s") from error

    def look(self, uri: str) -> State:
        return self._loop.run(self._places.look(uri))

    def arrivals(
        self,
        wanted: Sequence[Wanted],
        here: Iterator[Arrival],
        meanwhile: Meanwhile,
        *,
        tries: int,
        check: Callable[[], None],
    ) -> Generator[Arrival]:
        """Those of `wanted` as they arrive, and those of `here` while nothing arrives."""
        incoming = Incoming(self._loop, self._ahead, self._limit_s, check)
        incoming.begin(wanted, tries=tries)
        try:
            while incoming.left:
                # No name holds an arrival, so that its bytes can be released when the next one is asked for.
                yield _next(incoming, here, meanwhile)
            yield from here
        finally:
            incoming.end()

    def close(self) -> None:
        self._loop.close(self._places.close())


def _next(incoming: Incoming, here: Iterator[Arrival], meanwhile: Meanwhile) -> Arrival:
    while True:
        if arrival := incoming.next_at_once() or next(here, None):
            return arrival
        if not meanwhile():
            return incoming.next()


def limits_of(settings: Settings) -> AheadLimits:
    """The limits of one process."""
    of_host = HostLimits(settings.host_connections, settings.host_rate)
    return AheadLimits(settings.fetches, settings.fetch_bytes, of_host)


async def _made(places: Places, limits: AheadLimits) -> Ahead:
    # Its parts belong to the loop that they are made in.
    return Ahead(places, limits)
