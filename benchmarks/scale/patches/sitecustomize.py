"""Replaces the model of the measured workers: it takes time and no CPU, like a model on a GPU.

The workers have this folder on their PYTHONPATH. SCALE_IMAGE_S is the number of seconds per image. With
SCALE_WORK=none nothing at all is done with a chunk.
"""

import os
import time
from typing import Any

import numpy as np

from lookalike import factories, pipeline
from lookalike.embedding import ModelSpec, identify
from lookalike.records import Chunk, Outcome, Pixels, Vectors
from lookalike.settings import Settings


class Waiting:
    """An `Embedder` that waits and returns random vectors."""

    precision = "f32"

    def __init__(self, spec: ModelSpec, settings: Settings) -> None:
        self.identity = identify(spec, settings.home)
        self.size, self.frame = spec.size, spec.frame
        self._random = np.random.default_rng()

    def __call__(self, pixels: Pixels) -> Vectors:
        time.sleep(len(pixels) * float(os.environ["SCALE_IMAGE_S"]))
        vectors = self._random.normal(size=(len(pixels), self.identity.dimension)).astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def embedder(settings: Settings, spec: ModelSpec, **_: Any) -> Waiting:
    return Waiting(spec, settings)


factories.embedder = embedder


def nothing(chunk: Chunk, **_: Any) -> Outcome:
    return Outcome(indexed=len(chunk.refs), unchanged=0)


if os.environ.get("SCALE_WORK") == "none":
    pipeline.ingest = nothing
