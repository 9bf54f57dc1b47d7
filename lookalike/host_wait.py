"""How long the images of a host that is away are tried again, and when."""

import random
import time
from dataclasses import replace

from lookalike.errors import SourceUnavailable
from lookalike.reading.arrivals import Delayed
from lookalike.records import Wait

#: Between two attempts: the first pause, which doubles, and the longest one, each with jitter.
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0
SHORTEST_PAUSE_S = 1.0
#: A host that gives some images, or only asks to wait, has this many times as long in all.
MOST_LIMITS = 10


class HostWait:
    """For one attempt at a chunk: `limit_s` is how long images wait for a host without progress, `former` the wait of
    this chunk until now. Without a limit no image waits."""

    def __init__(self, limit_s: float = 0.0, former: Wait | None = None) -> None:
        self._limit_s = limit_s
        self._former = former
        self._now = time.time()

    @property
    def tries(self) -> int:
        """How often the images of the chunk were put aside until now."""
        return self._former.tries if self._former else 0

    def next(self, delayed: Delayed) -> tuple[Wait, float] | None:
        """How an image goes on waiting, and the seconds until it is tried again; None if it waits no longer."""
        wait = self._wait(delayed)
        first_at = max(wait.first_at, wait.counted_from)
        left_s = min(wait.since + self._limit_s, first_at + MOST_LIMITS * self._limit_s) - self._now
        if isinstance(delayed.error, SourceUnavailable):
            # Waited for without a bound, as an index is.
            return wait, _pause_s(wait.tries)
        if left_s <= 0:
            return None
        asked_s = delayed.error.retry_after_s or 0.0
        if asked_s > MOST_LIMITS * self._limit_s:
            # Somebody who asks to wait for longer than any image waits is not asked again.
            return None
        return wait, max(min(_pause_s(wait.tries), left_s), SHORTEST_PAUSE_S, asked_s * random.uniform(1.0, 1.1))

    def _wait(self, delayed: Delayed) -> Wait:
        host, why = delayed.host, delayed.error.why
        if self._former is None:
            return Wait(host, why, first_at=self._now, since=self._now)
        former, is_store_away = self._former, isinstance(delayed.error, SourceUnavailable)
        since = self._now if delayed.has_progress or is_store_away else former.since
        counted_from = self._now if is_store_away else former.counted_from
        return replace(former, host=host, why=why, since=since, counted_from=counted_from, tries=former.tries + 1)


def _pause_s(tries: int) -> float:
    return random.uniform(0.5, 1.0) * min(FIRST_PAUSE_S * 2.0 ** min(tries - 1, 10), LONGEST_PAUSE_S)
