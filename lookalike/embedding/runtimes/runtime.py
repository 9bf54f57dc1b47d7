"""Chooses the runtime for a spec; imports its library only when it is used."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lookalike.embedding.artifacts import cache
from lookalike.embedding.runtimes import gpu
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import BadSetting
from lookalike.extras import is_installed, requiring
from lookalike.records import Frame, ModelIdentity, Pixels, Vectors

if TYPE_CHECKING:
    from lookalike.embedding.runtimes.jax import JaxEmbedder
    from lookalike.embedding.runtimes.tensorflow import TensorFlowEmbedder

log = logging.getLogger(__name__)

RUNTIMES = ("auto", "jax", "openvino", "tensorflow")


class Embedder(Protocol):
    """Turns pixels [N, size, size, 3] into vectors; the batch size does not affect an image's vector. `frame` says what
    the pixels have to be of an image; its size is `size`."""

    @property
    def identity(self) -> ModelIdentity: ...

    @property
    def size(self) -> int: ...

    @property
    def frame(self) -> Frame: ...

    @property
    def precision(self) -> str: ...

    def __call__(self, pixels: Pixels) -> Vectors: ...


def load(
    spec: ModelSpec,
    *,
    home: Path,
    runtime: str = "auto",
    precision: str = "auto",
    threads: int = 1,
    for_chunks: bool = False,
) -> Embedder:
    """A ready embedder; `auto` is OpenVINO. `for_chunks`: this process embeds chunk after chunk, on one thread.

    The first load of a spec compiles it into `home`, for OpenVINO in another process. A process that has loaded a model
    with JAX loads none with TensorFlow, and the other way round.

    Raises BadSetting, MissingExtra, ModelUnavailable, DiskFull.
    """
    if runtime not in RUNTIMES:
        raise BadSetting(f"{runtime!r} is not a runtime.", f"Choose one of {', '.join(RUNTIMES)}.")
    if runtime in ("jax", "tensorflow"):
        return load_batch_model(spec, home=home, runtime=runtime, precision=precision, threads=threads)
    with requiring(f"Running the model {spec.name}"):
        from lookalike.embedding.runtimes.openvino import OpenVINOEmbedder
    artifact = cache.build_artifact(spec, home)
    return OpenVINOEmbedder(
        artifact.graph,
        artifact.identity,
        frame=spec.frame,
        precision=precision,
        threads=threads,
        # Graphs in float32 gain at most 4 %, and which precision is faster is known without measuring.
        is_measured=spec.is_quantized,
        for_chunks=for_chunks,
    )


def load_batch_model(
    spec: ModelSpec, *, home: Path, runtime: str, precision: str = "auto", threads: int = 1
) -> JaxEmbedder | TensorFlowEmbedder:
    """A ready embedder with JAX or TensorFlow. Raises as `load`."""
    with requiring(f"Running the model {spec.name}"):
        if runtime == "jax":
            from lookalike.embedding.runtimes.jax import JaxEmbedder

            return JaxEmbedder(spec, home=home, precision=precision)
        from lookalike.embedding.runtimes.tensorflow import TensorFlowEmbedder

        return TensorFlowEmbedder(spec, precision=precision, threads=threads)


def identify(spec: ModelSpec, home: Path) -> ModelIdentity:
    """The identity that an index stores. Compiles the model only if the spec does not tell the dimension.

    Raises ModelUnavailable, DiskFull.
    """
    if spec.dimension is not None:
        return ModelIdentity(spec.name, spec.fingerprint, spec.dimension, spec.metric)
    return cache.build_artifact(spec, home).identity


def unusable_gpu(runtime: str) -> str | None:
    """Why the runtime cannot use the GPU that CUDA_VISIBLE_DEVICES names, or None if it can. Imports its library."""
    if not is_installed(runtime):
        return f"{runtime} is not installed"
    if runtime == "jax" and not gpu.has_jax_for_gpu():
        return "JAX is installed without its CUDA plugin"
    if runtime == "jax":
        from lookalike.embedding.runtimes import jax

        return jax.unusable_gpu()
    from lookalike.embedding.runtimes import tensorflow

    return tensorflow.unusable_gpu()
