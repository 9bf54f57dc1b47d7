"""Models: from pixels to vectors. Importing this loads neither Keras nor TensorFlow nor OpenVINO."""

from lookalike.embedding import fitted, quantized
from lookalike.embedding.applications import NAMED
from lookalike.embedding.cache import Artifact, build_artifact
from lookalike.embedding.fitted import FittedHead, Layer, Origin, project
from lookalike.embedding.names import OPTIONS, resolve
from lookalike.embedding.runtime import Embedder, identify, load
from lookalike.embedding.spec import Head, ModelSpec, Pooling, Preprocessing

__all__ = [
    "NAMED",
    "OPTIONS",
    "Artifact",
    "Embedder",
    "FittedHead",
    "Head",
    "Layer",
    "ModelSpec",
    "Origin",
    "Pooling",
    "Preprocessing",
    "build_artifact",
    "fitted",
    "identify",
    "load",
    "project",
    "quantized",
    "resolve",
]
