"""How long the stages of a chunk took: a watch around what the pipeline is given, which does not know of it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from lookalike.pipeline import ChunkIndex
from lookalike.records import Document, Rejected, Stored

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Stopwatch:
    """Of one chunk. `seconds` by stage; what raises has taken its time as well."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, stage: str, work: Callable[Given, Answer]) -> Callable[Given, Answer]:
        def watched(*arguments: Given.args, **named: Given.kwargs) -> Answer:
            with self._time(stage):
                return work(*arguments, **named)

        return watched

    @contextmanager
    def _time(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - began


class TimedIndex:
    """A shelf under a watch: "look_up" and "bulk", waiting for an index that is away included."""

    def __init__(self, shelf: ChunkIndex, watch: Stopwatch) -> None:
        self._stored = watch.timed("look_up", shelf.stored)
        self._write = watch.timed("bulk", shelf.write)

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]:
        return self._stored(ids)

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        return self._write(documents)
