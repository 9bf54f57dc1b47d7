"""Runs a compiled graph on the CPU with OpenVINO."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from queue import LifoQueue
from typing import Any

import numpy as np

from lookalike.embedding.runtimes import cpu
from lookalike.embedding.runtimes.batching import Batching
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import ModelIdentity, Pixels, Vectors
from lookalike.shown import clause

#: Images per call of a graph that is not measured. On one AVX2 thread of a busy machine 1 to 8 did not differ reliably
#: in float32, and a dynamic size was slower for EfficientNet-Lite0; 1 needs no padding.
BATCH_SIZE = 1
#: The numbers of images per call that were chosen by measuring, beside the graph.
CHOICES = "batching.json"
PRECISIONS = ("auto", "f32", "bf16")


class OpenVINOEmbedder:
    """An Embedder on the CPU. Threads may share it. Processes may not: create it after the fork.

    A single call runs on all `threads`, for the shortest latency. Concurrent calls run on one thread each, up to
    `threads` at once, for the best throughput: on two AVX2 cores an image of EfficientNet-Lite0 took 10 ms on both and
    16 ms on one, but one thread each gave 120 images a second, and both threads in turn 95.

    With `is_batched` and one thread it measures with its first chunk whether several images in a call are faster.
    """

    def __init__(
        self,
        graph: Path,
        identity: ModelIdentity,
        *,
        size: int,
        precision: str = "auto",
        threads: int = 1,
        is_batched: bool = False,
    ) -> None:
        self.identity = identity
        self.size = size
        self.precision = _precision(precision)
        self._requests = partial(_requests, graph, size, self.precision, threads)
        self._batching = self._batches(graph) if is_batched and threads == 1 else None
        self._threads = threads
        self._alone = self._requests(streams=1)
        self._together: LifoQueue[Any] | None = None if threads > 1 else self._alone
        self._calls = 0
        self._counting = threading.Lock()

    def __call__(self, pixels: Pixels) -> Vectors:
        vectors = np.empty((len(pixels), self.identity.dimension), np.float32)
        with self._request() as request:
            single = partial(_run, request)
            done = self._batching.fill(vectors, pixels, single) if self._batching else 0
            for number in range(done, len(pixels)):
                vectors[number : number + 1] = single(pixels[number : number + 1])
        return vectors

    def _batches(self, graph: Path) -> Batching:
        described = f"{cpu.described()}, {self.precision}, OpenVINO {openvino.__version__}"
        return Batching(self._batch, graph.parent / CHOICES, described)

    def _batch(self, count: int) -> Callable[[Pixels], Vectors]:
        return partial(_run, self._requests(streams=1, count=count).get())

    @contextmanager
    def _request(self) -> Iterator[Any]:
        """An inference request for this call alone, because its next run overwrites the result."""
        with self._counting:
            if self._calls and self._together is None:
                # Not before, because one search from the command line never needs it.
                self._together = self._requests(streams=self._threads)
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


@cache
def _core() -> Any:
    """The only OpenVINO core of this process.

    Each core installs a stack for signal handlers and restores the previous one when it is deleted. If two cores are
    deleted in the order of their creation, the second restores a freed stack, and the next signal kills the process.
    """
    return openvino.Core()


def _precision(asked: str) -> str:
    if asked not in PRECISIONS:
        raise BadSetting(f"{asked!r} is not a precision.", f"Choose one of {', '.join(PRECISIONS)}.")
    if asked == "bf16" and not has_bf16():
        raise BadSetting("This CPU cannot compute in bf16.", "Choose the precision f32 or auto.")
    return default_precision() if asked == "auto" else asked


def default_precision() -> str:
    """The precision that `auto` means on this CPU: the faster one."""
    return "bf16" if has_bf16() and cpu.is_bf16_faster() else "f32"


def has_bf16() -> bool:
    """Whether this CPU can compute in bfloat16 natively."""
    return cpu.allows_bf16() and "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _requests(
    graph: Path, size: int, precision: str, threads: int, streams: int, count: int = BATCH_SIZE
) -> LifoQueue[Any]:
    """One inference request per stream, for `count` images; they share the `threads`. Last in, first out: its memory is
    in the cache."""
    compiled = _compiled(graph, [count, size, size, 3], precision, threads, streams)
    requests: LifoQueue[Any] = LifoQueue()
    for _ in range(streams):
        requests.put(compiled.create_infer_request())
    return requests


def _compiled(graph: Path, shape: list[int], precision: str, threads: int, streams: int) -> Any:
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams,
        # Otherwise every process pins its thread to the same core.
        "ENABLE_CPU_PINNING": False,
    }
    try:
        model = _core().read_model(graph)
        model.reshape(shape)
        return _core().compile_model(model, "CPU", settings)
    except RuntimeError as error:
        raise ModelUnavailable(
            f"The compiled model {graph} cannot run: {clause(error)}.", "Delete the file: the next use builds it."
        ) from error
