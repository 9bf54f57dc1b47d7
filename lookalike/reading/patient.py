"""What lies at a store or a web host, asked for again while that is away."""

import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from lookalike.errors import HostUnavailable, SourceUnavailable
from lookalike.reading.background import BackgroundLoop
from lookalike.reading.contract import Fetched, Place
from lookalike.reading.hosts import host_of
from lookalike.records import Span

Answer = TypeVar("Answer")

#: A place that is away is asked again for so long: a table is read as long as its job lasts.
PATIENCE_S = 300.0
#: For further objects of a host or bucket that was given up: of a hundred archives there, one waits, and not each.
SHORT_PATIENCE_S = 5.0

#: When this process has given up a host or bucket, until it answers again.
_given_up: dict[str, float] = {}


class PatientSource:
    """What lies at a uri, asked for from code that is not asynchronous."""

    def __init__(self, place: Place, uri: str) -> None:
        self.uri = uri
        self._place = place
        self._loop = BackgroundLoop()

    def looked(self, ask: Callable[[Place], Coroutine[Any, Any, Answer]]) -> Answer:
        """As `patiently`, and closed if it fails."""
        try:
            return self.patiently(lambda: ask(self._place))
        except BaseException:
            self.close()
            raise

    def start(self, span: Span) -> Future[Fetched]:
        return self._loop.start(self.part(span))

    def part(self, span: Span) -> Coroutine[Any, Any, Fetched]:
        return self._place.fetch(self.uri, span)

    def patiently(self, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Ask again while the place is away, not before the time that it asks to wait. Raises SourceUnavailable."""
        from lookalike.retry import retry_while

        limit_s = self._limit_s()
        until = time.monotonic() + limit_s

        def once() -> Answer:
            try:
                return self._loop.run(ask())
            except HostUnavailable as error:
                # The retry itself waits for a second or so.
                time.sleep(max(0.0, min((error.retry_after_s or 0.0) - 1.0, until - time.monotonic())))
                raise SourceUnavailable(self.uri, error.why) from error

        try:
            answer = retry_while(once, SourceUnavailable, limit_s)
        except SourceUnavailable:
            _given_up[host_of(self.uri)] = time.monotonic()
            raise
        _given_up.pop(host_of(self.uri), None)
        return answer

    def _limit_s(self) -> float:
        given_up_at = _given_up.get(host_of(self.uri))
        is_recent = given_up_at is not None and time.monotonic() - given_up_at < PATIENCE_S
        return min(SHORT_PATIENCE_S, PATIENCE_S) if is_recent else PATIENCE_S

    def close(self) -> None:
        self._loop.close(self._place.close())
