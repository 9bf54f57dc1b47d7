"""Chooses the runtime for a spec; imports its library only when it is used."""

import logging
from pathlib import Path
from typing import Protocol

from lookalike.embedding.artifacts import cache
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import BadSetting
from lookalike.extras import requiring
from lookalike.records import ModelIdentity, Pixels, Vectors

log = logging.getLogger(__name__)

RUNTIMES = ("auto", "openvino", "tensorflow")


class Embedder(Protocol):
    """Turns pixels [N, size, size, 3] into vectors; the batch size does not affect an image's vector."""

    @property
    def identity(self) -> ModelIdentity: ...

    @property
    def size(self) -> int: ...

    def __call__(self, pixels: Pixels) -> Vectors: ...


def load(spec: ModelSpec, *, home: Path, runtime: str = "auto", precision: str = "auto", threads: int = 1) -> Embedder:
    """A ready embedder; `auto` is OpenVINO. The first load of a spec compiles it into `home`, in another process.

    Raises BadSetting, MissingExtra, ModelUnavailable, DiskFull.
    """
    if runtime not in RUNTIMES:
        raise BadSetting(f"{runtime!r} is not a runtime.", f"Choose one of {', '.join(RUNTIMES)}.")
    with requiring(f"Running the model {spec.name}"):
        if runtime == "tensorflow":
            from lookalike.embedding.runtimes.tensorflow import TensorFlowEmbedder

            return TensorFlowEmbedder(spec, precision=precision, threads=threads)
        from lookalike.embedding.runtimes.openvino import OpenVINOEmbedder
    artifact = cache.build_artifact(spec, home)
    return OpenVINOEmbedder(artifact.graph, artifact.identity, size=spec.size, precision=precision, threads=threads)


def identify(spec: ModelSpec, home: Path) -> ModelIdentity:
    """The identity that an index stores. Compiles the model only if the spec does not tell the dimension.

    Raises ModelUnavailable, DiskFull.
    """
    if spec.dimension is not None:
        return ModelIdentity(spec.name, spec.fingerprint, spec.dimension, spec.metric)
    return cache.build_artifact(spec, home).identity
