"""Runs a compiled graph on the CPU with OpenVINO."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import LifoQueue
from typing import Any

import numpy as np

from lookalike.embedding.runtimes.batching import Batching, in_calls
from lookalike.embedding.runtimes.choices import Way
from lookalike.embedding.runtimes.graphs import BATCH_SIZE, Graph, kept_choices, precisions_for
from lookalike.records import Frame, ModelIdentity, Pixels, Vectors


class OpenVINOEmbedder:
    """An Embedder on the CPU. Threads may share it. Processes may not: create it after the fork.

    A single call runs on all `threads`, for the shortest latency. Concurrent calls run on one thread each, up to
    `threads` at once, for the best throughput: on two AVX2 cores an image of EfficientNet-Lite0 took 10 ms on both and
    16 ms on one, but one thread each gave 120 images a second, and both threads in turn 95.

    With `is_measured`, `auto` is the precision that was measured to be the fastest for this graph on this CPU.
    `for_chunks` is for a process that embeds chunks on one thread: it measures that, and how many images a call takes.
    """

    def __init__(
        self,
        graph: Path,
        identity: ModelIdentity,
        *,
        frame: Frame,
        precision: str = "auto",
        threads: int = 1,
        is_measured: bool = False,
        for_chunks: bool = False,
    ) -> None:
        self.identity = identity
        self.frame = frame
        self.size = frame.size
        precisions = precisions_for(precision)
        self._graph = Graph(graph, frame.size, identity.dimension, threads)
        self._threads = threads
        self._batching: Batching | None = None
        choices = kept_choices(graph, precision)
        if is_measured and for_chunks:
            self._batching = Batching(self._run_for, choices, precisions)
            return
        kept = choices.read() if is_measured else None
        self._precision = kept.precision if kept else precisions[0]
        self._alone = self._graph.requests(self._precision)
        self._together: LifoQueue[Any] | None = None if threads > 1 else self._alone
        self._calls = 0
        self._counting = threading.Lock()

    @property
    def precision(self) -> str:
        return self._batching.way.precision if self._batching else self._precision

    @property
    def batch_size(self) -> int:
        """Images per call of the graph."""
        return self._batching.way.images if self._batching else BATCH_SIZE

    def __call__(self, pixels: Pixels) -> Vectors:
        vectors = np.empty((len(pixels), self.identity.dimension), np.float32)
        if self._batching:
            self._batching.fill(vectors, pixels)
            return vectors
        with self._request() as request:
            in_calls(partial(_run, request), BATCH_SIZE, vectors, pixels)
        return vectors

    def _run_for(self, way: Way) -> Callable[[Pixels], Vectors]:
        return partial(_run, self._graph.requests(way.precision, count=way.images).get())

    @contextmanager
    def _request(self) -> Iterator[Any]:
        """An inference request for this call alone, because its next run overwrites the result."""
        with self._counting:
            if self._calls and self._together is None:
                # Not before, because one search from the command line never needs it.
                self._together = self._graph.requests(self._precision, streams=self._threads)
            requests = (self._together if self._calls else None) or self._alone
            self._calls += 1
        request = requests.get()
        try:
            yield request
        finally:
            requests.put(request)
            with self._counting:
                self._calls -= 1


def _run(request: Any, part: Pixels) -> Any:
    return request.infer([np.ascontiguousarray(part)], share_inputs=True, share_outputs=True)[0]
