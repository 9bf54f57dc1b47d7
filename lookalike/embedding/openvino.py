"""Runs a compiled graph on the CPU with OpenVINO; it knows neither Keras nor where graphs are kept."""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding.quiet_openvino import openvino
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import ModelIdentity, Pixels, Vectors

#: Pictures a call of the graph takes; more are cut, fewer padded. On one AVX2 thread of a busy machine
#: 1 to 8 did not differ reliably and a dynamic size was slower for EfficientNet-Lite0; 1 needs no padding.
BATCH_SIZE = 1
PRECISIONS = ("auto", "f32", "bf16")


class OpenVINOEmbedder:
    """An Embedder on the CPU. Threads may share it; processes may not: make one after the fork."""

    def __init__(
        self, graph: Path, identity: ModelIdentity, *, size: int, precision: str = "auto", threads: int = 1
    ) -> None:
        self.identity = identity
        self.size = size
        self.precision = _precision(precision)
        self._request = _compiled(graph, size, self.precision, threads).create_infer_request()
        self._lock = threading.Lock()

    def __call__(self, pixels: Pixels) -> Vectors:
        vectors = np.empty((len(pixels), self.identity.dimension), np.float32)
        with self._lock:
            for start in range(0, len(pixels), BATCH_SIZE):
                part = pixels[start : start + BATCH_SIZE]
                vectors[start : start + len(part)] = self._run(part)[: len(part)]
        return vectors

    def _run(self, part: Pixels) -> Any:
        missing = BATCH_SIZE - len(part)
        if missing:
            part = np.concatenate([part, np.zeros((missing, *part.shape[1:]), np.uint8)])
        return self._request.infer([np.ascontiguousarray(part)], share_inputs=True, share_outputs=True)[0]


def _precision(asked: str) -> str:
    if asked not in PRECISIONS:
        raise BadSetting(f"There is no precision {asked!r}.", f"Choose one of {', '.join(PRECISIONS)}.")
    can_bf16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if asked == "bf16" and not can_bf16:
        raise BadSetting("This CPU cannot compute in bf16.", "Choose the precision f32 or auto.")
    return asked if asked != "auto" else "bf16" if can_bf16 else "f32"


def _compiled(graph: Path, size: int, precision: str, threads: int) -> Any:
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        # With pinning every process would pin its thread to the same core.
        "ENABLE_CPU_PINNING": False,
    }
    core = openvino.Core()
    try:
        model = core.read_model(graph)
        model.reshape([BATCH_SIZE, size, size, 3])
        return core.compile_model(model, "CPU", settings)
    except RuntimeError as error:
        raise ModelUnavailable(f"The compiled model {graph} cannot be run: {error}") from error
