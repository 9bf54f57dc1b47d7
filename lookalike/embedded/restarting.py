"""A process beside the stack: started again when it ends, but not for ever."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lookalike.embedded.process import GuardedProcess
from lookalike.errors import PermanentError

#: One that ends this often in one run has a reason that a restart does not cure.
MAX_RESTARTS = 5


class Companion:
    """What `start` starts, kept running."""

    def __init__(self, start: Callable[[], GuardedProcess]) -> None:
        self._start = start
        self._restarts = 0
        self._process = start()

    def check(self) -> None:
        """Start it again if it has ended. Raises PermanentError if it keeps ending."""
        if self._process.is_running:
            return
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            name, log = self._process.name.capitalize(), self._process.log
            raise PermanentError(f"{name} keeps ending: {self._process.tail()}", f"See {log}.")
        self._process = self._start()

    def stop(self) -> None:
        if self._process.is_running:
            self._process.stop(at_once=True)


@contextmanager
def kept(start: Callable[[], GuardedProcess]) -> Iterator[Companion]:
    companion = Companion(start)
    try:
        yield companion
    finally:
        companion.stop()
