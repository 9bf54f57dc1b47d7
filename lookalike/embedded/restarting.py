"""A process that is restarted when it ends, unless it ends too often."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lookalike.embedded.process import GuardedProcess
from lookalike.errors import PermanentError

#: A process that ends more often in this time has a problem that a restart does not solve.
MAX_RESTARTS = 20
WITHIN_S = 300.0


class RestartedProcess:
    """Starts a process, and starts it again when `check` finds that it has ended. Threads may share it."""

    def __init__(self, start: Callable[[], GuardedProcess], before_restart: Callable[[], None] = lambda: None) -> None:
        """`before_restart` runs when the process and its children have ended."""
        self._start = start
        self._before_restart = before_restart
        self._restarted: deque[float] = deque(maxlen=MAX_RESTARTS)
        self._lock = threading.Lock()
        self._is_stopped = False
        self._process = start()

    @property
    def is_running(self) -> bool:
        return self._process.is_running

    @property
    def process(self) -> GuardedProcess:
        """The process of now."""
        return self._process

    def check(self) -> bool:
        """Restart the process if it has ended by itself, and return whether it had.

        Raises PermanentError if it was restarted MAX_RESTARTS times WITHIN_S, and what `before_restart` raises.
        """
        with self._lock:
            if self._is_stopped or self._process.is_running:
                return False
            # If the guard was killed, its command still runs.
            self._process.stop(at_once=True)
            self._before_restart()
            now = time.monotonic()
            if len(self._restarted) == MAX_RESTARTS and now - self._restarted[0] < WITHIN_S:
                what = f"After {MAX_RESTARTS} restarts, {self._process.ended()} once more."
                raise PermanentError(what, f"See {self._process.log}.")
            self._restarted.append(now)
            self._process = self._start()
            return True

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the process in order, or by force if `at_once`. `check` starts it no more."""
        with self._lock:
            self._is_stopped = True
            self._process.stop(at_once=at_once)


@contextmanager
def restarted(start: Callable[[], GuardedProcess]) -> Iterator[RestartedProcess]:
    """The process that `start` starts; it is killed at the end."""
    process = RestartedProcess(start)
    try:
        yield process
    finally:
        process.stop(at_once=True)
