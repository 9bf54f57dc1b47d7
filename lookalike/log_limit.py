"""Bounds what a process logs: whoever can cause a line of a log can otherwise fill the disk with it."""

import logging
import threading
import time
from collections.abc import Callable

#: Lines of one kind at once, and per second in the long run. A traceback counts as several.
BURST, PER_SECOND = 1000.0, 100.0
TRACEBACK_LINES = 20.0
#: Kinds that are counted; all others count as one more kind.
MOST_KINDS = 1000

Kind = tuple[str, int, str]


class RateLimit(logging.Filter):
    """Passes BURST lines of a kind, and then PER_SECOND. A kind is a logger, a level and a message without its values.

    The first line that passes after others did not says how many those were.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[Kind, _Bucket] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        cost = TRACEBACK_LINES if record.exc_info else 1.0
        with self._lock:
            bucket = self._bucket((record.name, record.levelno, str(record.msg)[:200]))
            dropped = bucket.take(cost, self._clock())
        if dropped:
            record.msg, record.args = f"{record.getMessage()} ({dropped:,} lines of this kind were left out)", ()
        return dropped is not None

    def _bucket(self, kind: Kind) -> "_Bucket":
        if kind not in self._kinds and len(self._kinds) >= MOST_KINDS:
            kind = ("", 0, "")
        return self._kinds.setdefault(kind, _Bucket(self._clock()))


class _Bucket:
    """A token bucket."""

    def __init__(self, now: float) -> None:
        self._left = BURST
        self._filled_at = now
        self._dropped = 0

    def take(self, cost: float, now: float) -> int | None:
        """How many were dropped since the last one that passed; None if this one is dropped, too."""
        self._left = min(BURST, self._left + (now - self._filled_at) * PER_SECOND)
        self._filled_at = now
        if self._left < cost:
            self._dropped += 1
            return None
        self._left -= cost
        dropped, self._dropped = self._dropped, 0
        return dropped


class Output(logging.StreamHandler):  # type: ignore[type-arg]
    """Drops a line that cannot be written: the standard handler would write a traceback about it to the same place."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass
