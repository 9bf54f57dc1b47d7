"""Measures how long work takes to go on after a fault, from what Redis holds in the meantime."""

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import redis

from tests.faults.broker import asked

POLL_S = 0.05


@dataclass
class Blow:
    """One fault, from the moment that work can go on. Its recovery is over when every chunk that was in work is closed,
    split or back in the queue, and workers have closed further chunks."""

    at: float
    held: frozenset[str]
    #: How many images are done once a chunk is closed that nobody held when the fault came.
    enough: int
    seconds: float | None = None


@dataclass(frozen=True)
class Moment:
    """`held`: the chunks in work. `done`: how many images are done."""

    held: frozenset[str]
    done: int


@dataclass
class Watch:
    """Watches Redis in a thread, without a proxy in between."""

    url: str
    chunk_size: int
    blows: list[Blow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def forget(self) -> None:
        """Drop the blows of an earlier scenario."""
        self.blows = []

    def before(self) -> Moment:
        """What is in work; call it before the fault."""
        with asked(self.url) as broker:
            return Moment(frozenset(broker.held()), broker.done())

    def struck(self, before: Moment) -> None:
        """The work can go on from now on."""
        self.blows.append(Blow(time.monotonic(), before.held, before.done + self.chunk_size * (len(before.held) + 1)))

    def interrupted(self, seconds: float) -> None:
        """A later fault stopped the work for this long, which is not part of the recovery from an earlier one."""
        for blow in self.blows:
            if blow.seconds is None:
                blow.at += seconds

    def longest_s(self) -> float | None:
        """The longest recovery; None while one is not over, or without a fault."""
        times = [blow.seconds for blow in self.blows]
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
        with asked(self.url) as broker:
            while not self._stopping.wait(POLL_S):
                pending = [blow for blow in self.blows if blow.seconds is None]
                if not pending:
                    continue
                try:
                    outstanding, waiting, done = broker.outstanding(), set(broker.waiting()), broker.done()
                except redis.RedisError:
                    continue
                for blow in pending:
                    if _is_over(blow, outstanding, waiting, done):
                        blow.seconds = time.monotonic() - blow.at


def _is_over(blow: Blow, outstanding: set[str], waiting: set[str], done: int) -> bool:
    has_gone_on = done >= blow.enough or (bool(blow.held) and not outstanding)
    return has_gone_on and blow.held.isdisjoint(outstanding - waiting)
