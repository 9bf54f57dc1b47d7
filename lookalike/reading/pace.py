"""A least speed for what a host or a store sends, so that a byte now and then does not count as an answer."""

import time

from lookalike.reading.allowance import received

#: So long a body may be slow, and the least bytes a second over it: a telephone line has four times as many.
PACE_S = 10.0
LEAST_BYTES_PER_S = 1000.0


class TooSlow(Exception):
    """`str()` says it, for the end of a sentence about who sends."""


class Pace:
    """Of one body. That other images take up the room for it is not the fault of whoever sends it."""

    def __init__(self, pace_s: float = PACE_S, least_bytes_per_s: float = LEAST_BYTES_PER_S) -> None:
        self._pace_s = pace_s
        self._least = least_bytes_per_s
        self._taken = 0
        self._begun = time.monotonic()

    async def take(self, count: int) -> None:
        """`add` a piece, and `check`. Raises TooSlow."""
        await self.add(count)
        self.check()

    async def add(self, count: int) -> None:
        """Count a piece that has come, and wait until there is room for it."""
        self._taken += count
        asked_at = time.monotonic()
        await received(count)
        self._begun += time.monotonic() - asked_at

    def check(self) -> None:
        """Raises TooSlow if too little has come in the time that is over."""
        now = time.monotonic()
        if now - self._begun < self._pace_s:
            return
        if self._taken < self._least * self._pace_s:
            raise TooSlow(f"it sends fewer than {self._least:.0f} bytes a second")
        self._taken, self._begun = 0, now
