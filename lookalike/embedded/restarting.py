"""A process that is restarted when it ends, a limited number of times."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lookalike.embedded.process import GuardedProcess
from lookalike.errors import PermanentError

#: A process that ends more often in one run has a problem that a restart does not solve.
MAX_RESTARTS = 5


class RestartedProcess:
    """Starts a process, and starts it again when `check` finds that it has ended. Threads may share it."""

    def __init__(self, start: Callable[[], GuardedProcess]) -> None:
        self._start = start
        self._restarts = 0
        self._lock = threading.Lock()
        self._is_stopped = False
        self._process = start()

    def check(self) -> None:
        """Restart the process if it has ended by itself. Raises PermanentError after MAX_RESTARTS restarts."""
        with self._lock:
            if self._is_stopped or self._process.is_running:
                return
            # If the guard was killed, its command still runs.
            self._process.stop(at_once=True)
            self._restarts += 1
            if self._restarts > MAX_RESTARTS:
                what = f"The process {self._process.name!r} keeps ending: {self._process.tail()}"
                raise PermanentError(what, f"See {self._process.log}.")
            self._process = self._start()

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
