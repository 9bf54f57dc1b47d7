"""Measures how long work takes to continue after a fault, from the state in Redis."""

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import redis

from tests.faults.broker import opened

POLL_S = 0.05


@dataclass
class Recovery:
    """The recovery from one fault. It begins when work can continue. It ends when each chunk in work is closed, split
    or back in the queue, and workers have closed further chunks."""

    at: float
    held: frozenset[str]
    #: With this many images done, at least one chunk is closed that was not in work during the fault.
    enough: int
    seconds: float | None = None


@dataclass(frozen=True)
class WorkState:
    """`held`: the chunks in work. `done`: how many images are done."""

    held: frozenset[str]
    done: int


@dataclass
class Watch:
    """Watches Redis in a thread, directly and not through a proxy."""

    url: str
    chunk_size: int
    recoveries: list[Recovery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def forget(self) -> None:
        """Drop the recoveries of an earlier scenario."""
        self.recoveries = []

    def before(self) -> WorkState:
        """The state of the work; call it before the fault."""
        with opened(self.url) as broker:
            return WorkState(frozenset(broker.held()), broker.done())

    def begin_recovery(self, before: WorkState) -> None:
        """Work can continue from now on."""
        self.recoveries.append(
            Recovery(time.monotonic(), before.held, before.done + self.chunk_size * (len(before.held) + 1))
        )

    def exclude(self, seconds: float) -> None:
        """A later fault stopped the work for this long, which is not part of the recovery from an earlier one."""
        for recovery in self.recoveries:
            if recovery.seconds is None:
                recovery.at += seconds

    def longest_s(self) -> float | None:
        """The longest recovery; None if one is not over, or if there was no fault."""
        times = [recovery.seconds for recovery in self.recoveries]
        if not times or None in times:
            return None
        return max(seconds for seconds in times if seconds is not None)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _look(self) -> None:
        with opened(self.url) as broker:
            while not self._stopping.wait(POLL_S):
                pending = [recovery for recovery in self.recoveries if recovery.seconds is None]
                if not pending:
                    continue
                try:
                    outstanding, waiting, done = broker.outstanding(), set(broker.waiting()), broker.done()
                except redis.RedisError:
                    continue
                for recovery in pending:
                    if _is_over(recovery, outstanding, waiting, done):
                        recovery.seconds = time.monotonic() - recovery.at


def _is_over(recovery: Recovery, outstanding: set[str], waiting: set[str], done: int) -> bool:
    has_continued = done >= recovery.enough or (bool(recovery.held) and not outstanding)
    return has_continued and recovery.held.isdisjoint(outstanding - waiting)
