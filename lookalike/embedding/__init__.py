"""Models: from pixels to vectors. Importing this loads neither Keras nor TensorFlow nor OpenVINO."""

from lookalike.embedding.artifacts import fitted, quantized
from lookalike.embedding.artifacts.cache import Artifact, build_artifact
from lookalike.embedding.artifacts.fitted import FittedHead, Layer, Origin, project
from lookalike.embedding.runtimes.runtime import Embedder, identify, load
from lookalike.embedding.specs.applications import NAMED
from lookalike.embedding.specs.names import OPTIONS
from lookalike.embedding.specs.resolving import resolve
from lookalike.embedding.specs.spec import Head, ModelSpec, Pooling, Preprocessing
from lookalike.embedding.text.loading import TextEncoder, is_readable, load_text

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
    "TextEncoder",
    "build_artifact",
    "fitted",
    "identify",
    "is_readable",
    "load",
    "load_text",
    "project",
    "quantized",
    "resolve",
]
