"""Runs the Keras graph with TensorFlow: on a GPU, and as the reference for every other runtime."""

import contextlib
import logging
from typing import Any

import numpy as np

from lookalike.embedding.graph import keras_models
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import BadSetting, ModelUnavailable
from lookalike.records import ModelIdentity, Pixels, Vectors

import tensorflow  # isort: skip  # After keras_models, which makes it quiet.

log = logging.getLogger(__name__)

#: Images per call of the graph; the last batch is padded, because another shape would be traced again.
BATCH_SIZE = 32
#: One chunk of the default size.
GPU_BATCH_SIZE = 64
PRECISIONS = ("auto", "f32", "bf16")


class TensorFlowEmbedder:
    """An Embedder on the first GPU, or on the CPU if there is no GPU. Not safe to share across a fork."""

    def __init__(self, spec: ModelSpec, *, precision: str = "auto", threads: int = 1) -> None:
        if precision not in PRECISIONS:
            raise BadSetting(f"{precision!r} is not a precision.", f"Choose one of {', '.join(PRECISIONS)}.")
        if spec.is_quantized:
            what = f"{spec.name} is a quantized model, which OpenVINO runs on the CPU and TensorFlow does not."
            raise ModelUnavailable(what, "Set LOOKALIKE_RUNTIME=openvino, or use the model that it was made from.")
        _limit(threads)
        has_gpu = _has_gpu()
        self.precision = precision if precision != "auto" else "bf16" if has_gpu else "f32"
        model = keras_models.build(spec, precision=self.precision)
        self.identity = ModelIdentity(spec.name, spec.fingerprint, int(model.output_shape[1]), spec.metric)
        self.size = spec.size
        self._batch_size = GPU_BATCH_SIZE if has_gpu else BATCH_SIZE
        # XLA fuses kernels for the fixed shape; on a CPU it is slower.
        self._run = traced(model, spec.size, self._batch_size, is_compiled=has_gpu)

    def __call__(self, pixels: Pixels) -> Vectors:
        vectors = np.empty((len(pixels), self.identity.dimension), np.float32)
        for start in range(0, len(pixels), self._batch_size):
            part = pixels[start : start + self._batch_size]
            padded = np.zeros((self._batch_size, *part.shape[1:]), np.uint8)
            padded[: len(part)] = part
            vectors[start : start + len(part)] = self._run(tensorflow.constant(padded)).numpy()[: len(part)]
        return vectors


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
    for gpu in gpus:
        # Otherwise the first process takes all memory of the GPU.
        with contextlib.suppress(RuntimeError):
            tensorflow.config.experimental.set_memory_growth(gpu, True)
    return bool(gpus)


def _limit(threads: int) -> None:
    try:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:
        log.info("TensorFlow has already started; its number of threads stays.")
