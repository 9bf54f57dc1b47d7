"""Runs a compiled graph on the CPU with OpenVINO; it knows neither Keras nor where graphs are kept."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from queue import LifoQueue
from typing import Any

import numpy as np

from lookalike.embedding.runtimes import cpu
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import ModelIdentity, Pixels, Vectors

#: Images a call of the graph takes; more are cut, fewer padded. On one AVX2 thread of a busy machine
#: 1 to 8 did not differ reliably and a dynamic size was slower for EfficientNet-Lite0; 1 needs no padding.
BATCH_SIZE = 1
PRECISIONS = ("auto", "f32", "bf16")


class OpenVINOEmbedder:
    """An Embedder on the CPU. Threads may share it; processes may not: make one after the fork.

    A call that comes alone runs on all `threads`, which is the fastest for it. Calls that come together run on one
    thread each, as many as `threads` at once, which takes less CPU: on two AVX2 cores an image of EfficientNet-Lite0
    took 10 ms alone on both and 16 ms on one, but two threads did 120 a second side by side and 95 in turn.
    """

    def __init__(
        self, graph: Path, identity: ModelIdentity, *, size: int, precision: str = "auto", threads: int = 1
    ) -> None:
        self.identity = identity
        self.size = size
        self.precision = _precision(precision)
        self._requests = partial(_requests, graph, size, self.precision, threads)
        self._threads = threads
        self._alone = self._requests(streams=1)
        self._together: LifoQueue[Any] | None = None if threads > 1 else self._alone
        self._calls = 0
        self._counting = threading.Lock()

    def __call__(self, pixels: Pixels) -> Vectors:
        vectors = np.empty((len(pixels), self.identity.dimension), np.float32)
        with self._request() as request:
            for start in range(0, len(pixels), BATCH_SIZE):
                part = pixels[start : start + BATCH_SIZE]
                vectors[start : start + len(part)] = _run(request, part)[: len(part)]
        return vectors

    @contextmanager
    def _request(self) -> Iterator[Any]:
        """An inference request that nobody else uses meanwhile, for its next run overwrites what it gave."""
        with self._counting:
            if self._calls and self._together is None:
                # Only now, for one search from the command line never needs it.
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
    missing = BATCH_SIZE - len(part)
    if missing:
        part = np.concatenate([part, np.zeros((missing, *part.shape[1:]), np.uint8)])
    return request.infer([np.ascontiguousarray(part)], share_inputs=True, share_outputs=True)[0]


@cache
def _core() -> Any:
    """OpenVINO's only core of this process.

    Each gives the thread that made it a stack for signal handlers, and puts the one before back when it goes: of two
    that go in the order they came, the second puts back what is gone, and the next signal kills the process.
    """
    return openvino.Core()


def _precision(asked: str) -> str:
    if asked not in PRECISIONS:
        raise BadSetting(f"There is no precision {asked!r}.", f"Choose one of {', '.join(PRECISIONS)}.")
    if asked == "bf16" and not has_bf16():
        raise BadSetting("This CPU cannot compute in bf16.", "Choose the precision f32 or auto.")
    return default_precision() if asked == "auto" else asked


def default_precision() -> str:
    """The precision that `auto` means on this CPU: the faster one."""
    return "bf16" if has_bf16() and cpu.is_bf16_faster() else "f32"


def has_bf16() -> bool:
    """Whether this CPU can compute in bfloat16 natively."""
    return cpu.allows_bf16() and "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _requests(graph: Path, size: int, precision: str, threads: int, streams: int) -> LifoQueue[Any]:
    """As many inference requests as `streams`, which share the `threads`; the memory of the last one is still warm."""
    compiled = _compiled(graph, size, precision, threads, streams)
    requests: LifoQueue[Any] = LifoQueue()
    for _ in range(streams):
        requests.put(compiled.create_infer_request())
    return requests


def _compiled(graph: Path, size: int, precision: str, threads: int, streams: int) -> Any:
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams,
        # With pinning every process would pin its thread to the same core.
        "ENABLE_CPU_PINNING": False,
    }
    try:
        model = _core().read_model(graph)
        model.reshape([BATCH_SIZE, size, size, 3])
        return _core().compile_model(model, "CPU", settings)
    except RuntimeError as error:
        raise ModelUnavailable(f"The compiled model {graph} cannot be run: {error}") from error
