"""How long the work takes to go on after a fault: watched in Redis while it happens."""

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
    """One fault, from the moment the work could go on. Over when every chunk that was in work is closed, taken apart
    or back in the queue, where it waits its turn, and when workers have taken further ones and closed them."""

    at: float
    held: frozenset[str]
    #: Images counted once a chunk is closed that nobody had when the fault came.
    enough: int
    seconds: float | None = None


@dataclass(frozen=True)
class Moment:
    """`held`: the chunks in work. `done`: the images that are counted."""

    held: frozenset[str]
    done: int


@dataclass
class Watch:
    """Looks on from a thread of its own, past every proxy."""

    url: str
    chunk_size: int
    blows: list[Blow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def before(self) -> Moment:
        """What is in work; to be asked before the fault."""
        with asked(self.url) as broker:
            return Moment(frozenset(broker.held()), broker.done())

    def struck(self, before: Moment) -> None:
        """From now on the work could go on."""
        self.blows.append(Blow(time.monotonic(), before.held, before.done + self.chunk_size * (len(before.held) + 1)))

    def interrupted(self, seconds: float) -> None:
        """A later fault kept the work from going on for so long: that is no part of an earlier one's recovery."""
        for blow in self.blows:
            if blow.seconds is None:
                blow.at += seconds

    def longest_s(self) -> float | None:
        """The longest recovery; None while one is not over, or when nothing was struck."""
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
