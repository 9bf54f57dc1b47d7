"""Measures how long the stages of some work take."""

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import ParamSpec, TypeVar

from lookalike.index.annotation import Annotated, Annotation
from lookalike.pipeline import Ask, Asking, ChunkIndex, Embed, Fetch
from lookalike.pipeline.parts import Found, Image
from lookalike.reading.arrivals import Arrival, Meanwhile, Wanted
from lookalike.records import Document, Pixels, Rejected, Stored, Vectors
from lookalike.uris import is_remote, member_of

Params = ParamSpec("Params")
Result = TypeVar("Result")


class StageClock:
    """Total seconds by stage, also of work that raises; CPU seconds cover all threads of this process."""

    def __init__(self) -> None:
        self.cpu_s: dict[str, float] = defaultdict(float)
        self.wall_s: dict[str, float] = defaultdict(float)

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self._add(stage, wall_s, cpu_s)

    def _add(self, stage: str, wall_s: float, cpu_s: float) -> None:
        self.cpu_s[stage] += time.process_time() - cpu_s
        self.wall_s[stage] += time.perf_counter() - wall_s

    def timed(self, stage: str, work: Callable[Params, Result]) -> Callable[Params, Result]:
        """Wrap `work` so that its time counts for `stage`."""

        def counted(*args: Params.args, **kwargs: Params.kwargs) -> Result:
            with self.timing(stage):
                return work(*args, **kwargs)

        return counted

    def arriving(self, fetch: Fetch, *, read: str, wait: str) -> Fetch:
        """Wrap `fetch`: reading a local file counts for the stage `read`, waiting for another place for `wait`."""

        def counted(wanted: Sequence[Wanted], meanwhile: Meanwhile) -> Generator[Arrival]:
            other = StageClock()
            with closing(fetch(wanted, other.timed("", meanwhile))) as arrivals:
                while True:
                    wall_s, cpu_s = time.perf_counter(), time.process_time()
                    if (arrival := next(arrivals, None)) is None:
                        return
                    # What else was done in this time counts for itself.
                    wall_s, cpu_s = wall_s + other.wall_s.pop("", 0.0), cpu_s + other.cpu_s.pop("", 0.0)
                    self._add(wait if _is_elsewhere(arrival.ref.uri) else read, wall_s, cpu_s)
                    yield arrival
                    del arrival

        return counted

    def take(self, stage: str, *, out_of: str) -> None:
        """Subtract a stage's time from another stage that includes it."""
        for totals in (self.cpu_s, self.wall_s):
            if stage in totals:
                totals[out_of] = max(0.0, totals[out_of] - totals[stage])


class TimedEmbed:
    """An `Embed` whose time counts for a stage: computing, or sending and waiting if it can be asked ahead."""

    def __init__(self, embed: Embed | Asking, clock: StageClock, stage: str) -> None:
        self._clock = clock
        self._stage = stage
        self._embed = clock.timed(stage, embed)
        self._asked: Ask | None = getattr(embed, "ask", None)
        self.ask: Ask | None = self._ask if self._asked is not None else None

    def __call__(self, pixels: Pixels) -> Vectors:
        return self._embed(pixels)

    def _ask(self, images: Sequence[Image]) -> Callable[[], Iterable[Found]]:
        assert self._asked is not None
        return self._clock.timed(self._stage, self._clock.timed(self._stage, self._asked)(images))


class TimedIndex:
    """A ChunkIndex whose calls count for two stages."""

    def __init__(self, index: ChunkIndex, clock: StageClock, *, look_up: str, bulk: str) -> None:
        self.fields = clock.timed(look_up, index.fields)
        self._stored = clock.timed(look_up, index.stored)
        self._write = clock.timed(bulk, index.write)
        self._annotate = clock.timed(bulk, index.annotate)
        self._discard = clock.timed(bulk, index.discard)

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]:
        return self._stored(ids)

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        return self._write(documents)

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        return self._annotate(annotations)

    def discard(self, documents: Mapping[str, Stored]) -> None:
        self._discard(documents)


def _is_elsewhere(uri: str) -> bool:
    """Whether it names no local file, by its text: nobody looks whether one has the name of a member."""
    return is_remote(uri) or member_of(uri) is not None
