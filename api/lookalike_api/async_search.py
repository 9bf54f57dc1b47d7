"""Runs the steps of a search (decode, embed, search) in their executors and measures them."""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from lookalike.http_schemas import Timings
from lookalike.queries.pages import Page
from lookalike.queries.region import Region
from lookalike.records import Document, Frame, Match, ModelIdentity, Pixels, Vector, Vectors
from lookalike.stage_clock import StageClock
from lookalike_api.decoders import Decoders
from lookalike_api.executors import Executor, Executors
from lookalike_api.mixture import Embedded
from lookalike_api.search import MOVED, Query, Searcher

Result = TypeVar("Result")
#: Called with a stage's name and its seconds.
Observe = Callable[[str, float], None]

STAGES = ("decode", "embed", "search", "total")


def server_timing(took_ms: Timings) -> dict[str, str]:
    """The header (W3C Server Timing) with which a browser shows the stages beside a request."""
    return {"Server-Timing": ", ".join(f"{stage};dur={getattr(took_ms, stage):g}" for stage in STAGES)}


class Stopwatch:
    """The seconds of each stage of one request, without the time in queues; only `total` includes that."""

    def __init__(self, observe: Observe) -> None:
        self._began = time.perf_counter()
        self._observe = observe
        self._took = dict.fromkeys(STAGES[:-1], 0.0)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Measure work of this stage; work that raises does not count."""
        clock = StageClock()
        with clock.timing(stage):
            yield
        self._took[stage] += clock.wall_s[stage]
        self._observe(stage, clock.wall_s[stage])

    def stop(self) -> dict[str, float]:
        """All stages and the total, in milliseconds."""
        total = time.perf_counter() - self._began
        self._observe("total", total)
        return {stage: round(took * 1000, 3) for stage, took in (*self._took.items(), ("total", total))}


class AsyncSearch:
    """A Searcher for the event loop; each step raises what the Searcher's method of the same name raises."""

    def __init__(self, searcher: Searcher, executors: Executors, decoders: Decoders) -> None:
        self._searcher = searcher
        self._executors = executors
        self._decoders = decoders

    async def following(
        self, ask: Callable[[], Awaitable[Result]], *, by_image: bool = True, by_text: bool = False
    ) -> Result:
        """The result of `ask`; called again if the index moved to another version meanwhile. A search by image needs
        that version's model first, one by text its text side."""

        try:
            return await ask()
        except MOVED:
            if by_image:
                await self._executors.embedding.run(self._searcher.refresh)
            if by_text:
                await self._executors.embedding.run(self._searcher.texts.refresh)
            return await ask()

    @property
    def frame(self) -> Frame:
        """What the model sees of an image."""
        return self._searcher.frame

    async def decode(self, data: bytes, frame: Frame, watch: Stopwatch, region: Region | None = None) -> Pixels:
        """uint8 RGB [size, size, 3]. Raises what Decoders raise."""
        work = partial(self._decoders.pixels, data, frame, watch.time("decode"), region)
        return await self._executors.decoding.run(work)

    async def embed(self, pixels: Pixels, frame: Frame, watch: Stopwatch) -> Embedded:
        """Embed uint8 RGB [N, size, size, 3] that were decoded to this frame. As many requests run in parallel as there
        are cores, in order of arrival."""
        return await _run(self._executors.embedding, watch, "embed", partial(self._searcher.embed, pixels, frame))

    async def embed_texts(self, texts: Sequence[str], watch: Stopwatch) -> Embedded:
        return await _run(self._executors.embedding, watch, "embed", partial(self._searcher.embed_texts, texts))

    async def nearest(self, vector: Vector, query: Query, fingerprint: str, watch: Stopwatch) -> Page:
        work = partial(self._searcher.nearest, vector, query, fingerprint)
        return await _run(self._executors.index, watch, "search", work)

    async def nearest_each(
        self, vectors: Vectors, query: Query, fingerprint: str, watch: Stopwatch
    ) -> list[list[Match]]:
        """The matches of each vector, in one go. Raises the first error."""
        work = partial(self._searcher.nearest_each, vectors, query, fingerprint)
        return await _run(self._executors.index, watch, "search", work)

    async def indexed_model(self, watch: Stopwatch) -> ModelIdentity:
        """The model of the vectors in the index."""
        return await _run(self._executors.index, watch, "search", self._searcher.index.model)

    async def version(self, watch: Stopwatch) -> str:
        """The version of the index that is searched now."""
        return await _run(self._executors.index, watch, "search", self._searcher.index.version)

    async def model_of(self, fingerprint: str, watch: Stopwatch) -> ModelIdentity:
        """The model of this fingerprint; the index is asked once."""
        known = self._searcher.known(fingerprint)
        if known is not None:
            return known
        return await _run(self._executors.index, watch, "search", partial(self._searcher.model_of, fingerprint))

    async def document(self, id: str, watch: Stopwatch) -> Document:
        return await _run(self._executors.index, watch, "search", partial(self._searcher.document, id))


async def _run(executor: Executor, watch: Stopwatch, stage: str, work: Callable[[], Result]) -> Result:
    def timed() -> Result:
        with watch.time(stage):
            return work()

    return await executor.run(timed)
