"""On the PYTHONPATH of the workers under measurement: a model that takes its time and no CPU, as one on a GPU does.

SCALE_IMAGE_S is the seconds an image takes. The product needs no hook for this.
"""

import os
import time
from typing import Any

import numpy as np

from lookalike import factories
from lookalike.embedding import ModelSpec, identify
from lookalike.records import Pixels, Vectors
from lookalike.settings import Settings


class Waiting:
    """See `Embedder`; its vectors are random."""

    def __init__(self, spec: ModelSpec, settings: Settings) -> None:
        self.identity = identify(spec, settings.home)
        self.size = spec.size
        self._random = np.random.default_rng()

    def __call__(self, pixels: Pixels) -> Vectors:
        time.sleep(len(pixels) * float(os.environ["SCALE_IMAGE_S"]))
        vectors = self._random.normal(size=(len(pixels), self.identity.dimension)).astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def embedder(settings: Settings, spec: ModelSpec, **_: Any) -> Waiting:
    return Waiting(spec, settings)


factories.embedder = embedder
