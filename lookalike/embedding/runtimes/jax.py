"""Runs the Keras graph with JAX: on a GPU, or on the CPU if there is none."""

import logging
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding.graph import chosen
from lookalike.embedding.runtimes import batches, compiled, gpu
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.records import ModelIdentity, Pixels, Vectors

chosen.use("jax")
# Otherwise the first process takes three quarters of the GPU's memory.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax  # noqa: E402

from lookalike.embedding.graph import keras_models  # noqa: E402
from lookalike.embedding.runtimes import resizing  # noqa: E402

log = logging.getLogger(__name__)

#: Images of a batch.
BATCH_SIZE = 32
#: Numbers of batches in one call that are tried on a GPU, each of which is a graph to compile. A prototype on an H100
#: gave, with 32, 64, 128, 256 and 512 images in a call, 25, 33, 36, 39 and 40 thousand a second of EfficientNet-Lite0.
GPU_TOGETHER = (1, 2, 4, 8)
#: More batches in a call are used if they are faster by this factor.
GAIN = 1.03
#: Calls of each measurement, of which the fastest counts.
MEASURED_CALLS = 5
#: Compiled graphs, under LOOKALIKE_HOME. JAX names them by everything that they depend on.
CACHE = Path("compiled", "jax")


class JaxEmbedder:
    """An Embedder, and a BatchModel, on the first GPU, or on the CPU if there is no GPU. Threads may share it, a fork
    may not. `together`: numbers of batches to try in one call; with little memory, the batches are smaller.
    `resizes`: takes images at their own sizes as well; by default on a GPU.

    On the CPU JAX takes all cores: it has no setting for threads.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        home: Path,
        precision: str = "auto",
        together: tuple[int, ...] | None = None,
        resizes: bool | None = None,
    ) -> None:
        gpu.refuse_others(spec, "JAX")
        self.batch_size = BATCH_SIZE
        compiled.keep(home / CACHE)
        has_gpu = _has_gpu()
        self.precision = gpu.precision(precision, _capability() if has_gpu else None)
        model = keras_models.build(spec, precision=self.precision, is_folded=True)
        self.identity = ModelIdentity(spec.name, spec.fingerprint, int(model.output_shape[1]), spec.metric)
        self.size, self.frame = spec.size, spec.frame
        self.canvases = resizing.canvases(spec.size) if (has_gpu if resizes is None else resizes) else ()
        # Arguments, not constants: otherwise every graph that is kept holds them as well.
        self._weights = [[v.value for v in part] for part in (model.trainable_variables, model.non_trainable_variables)]
        function = _function(model, is_exact=self.precision == "f32")
        self._run = jax.jit(function)
        self._run_resized = jax.jit(_after_resizing(function, spec.size))
        with compiled.unreadable_removed(home / CACHE):
            self.together = self._measured(together or (GPU_TOGETHER if has_gpu else (1,)))

    def __call__(self, pixels: Pixels) -> Vectors:
        return batches.embed(self, pixels)

    def begin(self, parts: Sequence[batches.Batch]) -> Any:
        pixels = [part.pixels for part in parts]
        if parts[0].sizes is None:
            return self._run(self._weights, *pixels)
        return self._run_resized(self._weights, [part.sizes for part in parts], *pixels)

    def finish(self, begun: Any) -> Vectors:
        return np.asarray(begun, np.float32)

    def _measured(self, tried: tuple[int, ...]) -> tuple[int, ...]:
        """The numbers of batches, of those tried, up to which more in a call are faster. Compiles one by one: here, and
        not in the first call of a client, which may take a limited time."""
        if len(tried) == 1:
            self._compile(tried[0])
            return tried
        used: tuple[int, ...] = ()
        least_s = math.inf
        for number in tried:
            try:
                batch_s = self._batch_s(number)
            except jax.errors.JaxRuntimeError as error:
                if not gpu.is_exhausted(error) or (not used and self.batch_size == 1):
                    raise
                log.warning("%d images in a call need more memory than the GPU has free.", number * self.batch_size)
                if used:
                    break
                self.batch_size //= 2
                return self._measured(tried)
            if used and batch_s * GAIN > least_s:
                break
            used, least_s = (*used, number), batch_s
        most = used[-1] * self.batch_size
        log.info("%s computes in %s, with up to %d images in a call.", self.identity.name, self.precision, most)
        return used

    def _batch_s(self, number: int) -> float:
        """Seconds for each of `number` batches in one call; all graphs for this number are compiled then."""
        parts = self._compile(number)
        seconds = []
        for _ in range(MEASURED_CALLS):
            started = time.perf_counter()
            self.finish(self.begin(parts))
            seconds.append(time.perf_counter() - started)
        return min(seconds) / number

    def _compile(self, number: int) -> list[batches.Batch]:
        """Call all graphs for this number of batches; returns batches without sizes of their own."""
        for canvas in self.canvases:
            data, sizes = np.zeros(self.batch_size * canvas * canvas * 3, np.uint8), [[canvas, canvas]]
            batch = batches.Batch(data, self.batch_size, np.asarray(sizes * self.batch_size, np.int32))
            self.finish(self.begin([batch] * number))
        pixels = np.zeros((self.batch_size, self.size, self.size, 3), np.uint8)
        parts = [batches.Batch(pixels, self.batch_size)] * number
        self.finish(self.begin(parts))
        return parts


def _function(model: Any, *, is_exact: bool) -> Any:
    """The model as a function of its weights and pixels; `is_exact`: without the short numbers (TF32) that JAX takes
    for float32 on a GPU by default."""

    def embedding(weights: Any, *parts: Any) -> Any:
        pixels = jax.numpy.concatenate(parts)
        with jax.default_matmul_precision("highest" if is_exact else "default"):
            return model.stateless_call(*weights, pixels, training=False)[0]

    return embedding


def _after_resizing(function: Any, size: int) -> Any:
    """The function for images at their own sizes (see `Batch`)."""

    def embedding(weights: Any, sizes: Any, *parts: Any) -> Any:
        return function(weights, *(resizing.resized(part, own, size) for part, own in zip(parts, sizes, strict=True)))

    return embedding


def unusable_gpu() -> str | None:
    """Why JAX cannot use the GPU that CUDA_VISIBLE_DEVICES names, or None if it can."""
    try:
        jax.devices("cuda")
    except RuntimeError as error:
        return f"JAX cannot use it ({' '.join(str(error).split())[:200]})"
    return None


def _has_gpu() -> bool:
    return bool(jax.default_backend() == "gpu")


def _capability() -> tuple[int, int] | None:
    """The compute capability of the first GPU; None if JAX does not tell it."""
    major, _, minor = str(getattr(jax.devices()[0], "compute_capability", "")).partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None
