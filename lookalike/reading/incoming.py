"""The images of a chunk as they arrive from the event loop, in the thread that decodes them."""

import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from lookalike.reading.ahead import Ahead
from lookalike.reading.allowance import Flight
from lookalike.reading.arrivals import Arrival, Wanted
from lookalike.reading.background import BackgroundLoop
from lookalike.reading.run import Delivery, Run

#: Between two looks for hosts that have been silent for too long.
POLL_S = 0.1
#: Of the time between two looks so much counts: a process that did not run meanwhile holds nothing against hosts.
MOST_COUNTED_S = 2 * POLL_S


class Incoming:
    """The arrivals of one run. After `limit_s` the rest arrives as delayed. What `check` raises ends the wait."""

    def __init__(self, loop: BackgroundLoop, ahead: Ahead, limit_s: float, check: Callable[[], None]) -> None:
        self._loop = loop
        self._ahead = ahead
        self._check = check
        self._ends_at = time.monotonic() + limit_s
        self._deliveries: SimpleQueue[Delivery] = SimpleQueue()
        self._taken: Flight | None = None
        #: Arrivals to come.
        self.left = 0
        self._run: Run | None = None

    def begin(self, wanted: Sequence[Wanted], *, tries: int) -> None:
        self.left = len(wanted)
        self._run = self._loop.run(self._begun(wanted, tries))

    async def _begun(self, wanted: Sequence[Wanted], tries: int) -> Run:
        return Run(self._ahead, wanted, self._deliveries.put, tries=tries)

    def next_at_once(self) -> Arrival | None:
        """The next arrival, if there is one. The bytes of the former one are released."""
        self._release()
        try:
            return self._received(self._deliveries.get_nowait())
        except Empty:
            return None

    def next(self) -> Arrival:
        """The next arrival; waits for it as long as its host deserves."""
        self._release()
        idle_s = 0.0
        while True:
            looked_at = time.monotonic()
            try:
                return self._received(self._deliveries.get(timeout=POLL_S))
            except Empty:
                idle_s += min(time.monotonic() - looked_at, MOST_COUNTED_S)
                self._check()
                self._give_up(idle_s)

    def end(self) -> None:
        """Stop what is still on its way."""
        self._release()
        if self._run is not None:
            self._loop.call(self._run.end)

    def _received(self, delivery: Delivery) -> Arrival:
        if isinstance(delivery, BaseException):
            raise delivery
        self.left -= 1
        arrival, self._taken = delivery
        return arrival

    def _release(self) -> None:
        if self._taken is not None:
            self._loop.call(self._ahead.allowance.release, self._taken)
            self._taken = None

    def _give_up(self, idle_s: float) -> None:
        if self._run is not None:
            self._loop.call(self._run.give_up, idle_s, time.monotonic() >= self._ends_at)
