"""Models: from pixels to vectors. Importing this loads neither Keras nor TensorFlow nor OpenVINO."""

from lookalike.embedding.cache import Artifact, build_artifact
from lookalike.embedding.runtime import Embedder, identify, load
from lookalike.embedding.spec import NAMED, Head, ModelSpec, Preprocessing, resolve

__all__ = [
    "NAMED",
    "Artifact",
    "Embedder",
    "Head",
    "ModelSpec",
    "Preprocessing",
    "build_artifact",
    "identify",
    "load",
    "resolve",
]
