"""The stages of a search (decode, embed, search), each in its lane and timed; knows no HTTP."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from lookalike.records import Document, Match, Pixels, Vector
from lookalike_api.executors import Lane, Lanes
from lookalike_api.search import MOVED, Embedded, Query, Searcher

Result = TypeVar("Result")
#: Called with a stage's name and how many seconds it took.
Observe = Callable[[str, float], None]

STAGES = ("decode", "embed", "search", "total")


class Stopwatch:
    """How long the stages of one request took, in seconds, without their waiting for a turn; `total` has it."""

    def __init__(self, observe: Observe) -> None:
        self._began = time.perf_counter()
        self._observe = observe
        self._took = dict.fromkeys(STAGES[:-1], 0.0)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        self._took[stage] += took
        self._observe(stage, took)

    def stop(self) -> dict[str, float]:
        """All stages and the total, in milliseconds."""
        total = time.perf_counter() - self._began
        self._observe("total", total)
        return {stage: round(took * 1000, 3) for stage, took in (*self._took.items(), ("total", total))}


class Stages:
    """What a search consists of; each method raises what the Searcher's of the same name does."""

    def __init__(self, searcher: Searcher, lanes: Lanes) -> None:
        self._searcher = searcher
        self._lanes = lanes

    async def following(self, ask: Callable[[], Awaitable[Result]], *, by_image: bool = True) -> Result:
        """What `ask` answers; asked once more if the index has moved to another version, which for a search by image
        has another model."""
        try:
            return await ask()
        except MOVED:
            if by_image:
                await self._lanes.embedding.run(self._searcher.renew)
        return await ask()

    async def decode(self, data: bytes, watch: Stopwatch) -> Pixels:
        """uint8 RGB [size, size, 3]."""
        return await _run(self._lanes.decoding, watch, "decode", partial(self._searcher.decode, data))

    async def embed(self, pixels: Pixels, watch: Stopwatch) -> Embedded:
        """Of uint8 RGB [N, size, size, 3]; as many at once as there are cores, in the order of coming."""
        return await _run(self._lanes.embedding, watch, "embed", partial(self._searcher.embed, pixels))

    async def near(self, vector: Vector, query: Query, fingerprint: str, watch: Stopwatch) -> list[Match]:
        return await _run(self._lanes.index, watch, "search", partial(self._searcher.near, vector, query, fingerprint))

    async def near_stored(self, document: Document, query: Query, watch: Stopwatch) -> list[Match]:
        return await _run(self._lanes.index, watch, "search", partial(self._searcher.near_stored, document, query))

    async def stored(self, id: str, watch: Stopwatch) -> Document:
        return await _run(self._lanes.index, watch, "search", partial(self._searcher.stored, id))


async def _run(lane: Lane, watch: Stopwatch, stage: str, work: Callable[[], Result]) -> Result:
    def timed() -> Result:
        with watch.time(stage):
            return work()

    return await lane.run(timed)
