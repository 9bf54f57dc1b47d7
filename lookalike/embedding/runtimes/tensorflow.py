"""Runs the Keras graph with TensorFlow: on a GPU, and as the reference for every other runtime."""

import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from lookalike.embedding.graph import chosen, keras_models
from lookalike.embedding.runtimes import batches, gpu
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.records import ModelIdentity, Pixels, Vectors

import tensorflow  # isort: skip  # After keras_models, which makes it quiet.

log = logging.getLogger(__name__)

#: Images of a batch.
BATCH_SIZE = 32


class TensorFlowEmbedder:
    """An Embedder, and a BatchModel, on the first GPU, or on the CPU if there is no GPU. Not safe to share across a
    fork."""

    together: tuple[int, ...] = (1,)
    canvases: tuple[int, ...] = ()

    def __init__(self, spec: ModelSpec, *, precision: str = "auto", threads: int = 1) -> None:
        chosen.use("tensorflow")
        gpu.refuse_others(spec, "TensorFlow")
        _limit(threads)
        # Otherwise float32 on a GPU has the short numbers of TF32.
        tensorflow.config.experimental.enable_tensor_float_32_execution(False)
        has_gpu = _has_gpu()
        self.precision = gpu.precision(precision, _capability() if has_gpu else None)
        model = keras_models.build(spec, precision=self.precision, is_folded=has_gpu)
        self.identity = ModelIdentity(spec.name, spec.fingerprint, int(model.output_shape[1]), spec.metric)
        self.size, self.frame = spec.size, spec.frame
        self.batch_size = BATCH_SIZE
        # XLA fuses kernels for the fixed shape; on a CPU it is slower.
        self._run = traced(model, spec.size, self.batch_size, is_compiled=has_gpu)
        if has_gpu:
            # XLA compiles with the first call, which for a client may take a limited time.
            self(np.zeros((1, spec.size, spec.size, 3), np.uint8))

    def __call__(self, pixels: Pixels) -> Vectors:
        return batches.embed(self, pixels)

    def begin(self, parts: Sequence[batches.Batch]) -> Any:
        (part,) = parts
        return self._run(tensorflow.constant(part.pixels))

    def finish(self, begun: Any) -> Vectors:
        return np.asarray(begun.numpy(), np.float32)


def traced(model: Any, size: int, batch_size: int | None, *, is_compiled: bool = False) -> Any:
    """The model as one TensorFlow function of uint8 [batch_size, size, size, 3], compiled with XLA or not."""
    signature = tensorflow.TensorSpec((batch_size, size, size, 3), tensorflow.uint8, name="pixels")
    function = tensorflow.function(
        lambda pixels: model(pixels, training=False), input_signature=[signature], jit_compile=is_compiled or None
    )
    return function.get_concrete_function()


def unusable_gpu() -> str | None:
    """Why TensorFlow cannot use the GPU that CUDA_VISIBLE_DEVICES names, or None if it can."""
    if not tensorflow.test.is_built_with_cuda():
        return "this TensorFlow was built without CUDA"
    return None if _has_gpu() else "TensorFlow finds no usable driver, or no CUDA libraries"


def _has_gpu() -> bool:
    gpus = tensorflow.config.list_physical_devices("GPU")
    for one in gpus:
        # Otherwise the first process takes all memory of the GPU.
        with contextlib.suppress(RuntimeError):
            tensorflow.config.experimental.set_memory_growth(one, True)
    return bool(gpus)


def _capability() -> tuple[int, int] | None:
    """The compute capability of the first GPU; None if TensorFlow does not tell it."""
    details = tensorflow.config.experimental.get_device_details(tensorflow.config.list_physical_devices("GPU")[0])
    found = details.get("compute_capability")
    return (int(found[0]), int(found[1])) if found else None


def _limit(threads: int) -> None:
    try:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:
        log.info("TensorFlow has already started; its number of threads stays.")
