"""Vectors of images that need not be in any index."""

import os
from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray

from lookalike import factories
from lookalike.batches import batched
from lookalike.embedding import Embedder
from lookalike.image_index.query import Query, encoded, rejections_of
from lookalike.records import Frame, Vectors
from lookalike.settings import Settings

#: Decoded images that are held at once.
BATCH_SIZE = 32


def embed(images: "Query | Iterable[Query]", embedder: Embedder, settings: Settings) -> Vectors:
    """Float32 [N, D] of the images, in their order. Raises QueryRejected for the first that cannot be read."""
    vectors = [np.empty((0, embedder.identity.dimension), np.float32)]
    for some in batched(_each(images), BATCH_SIZE):
        vectors.append(embedder(np.stack([_pixels(image, embedder.frame, settings) for image in some])))
    return np.concatenate(vectors)


def _each(images: "Query | Iterable[Query]") -> Iterator[Query]:
    is_one = isinstance(images, str | os.PathLike | bytes | bytearray | memoryview) or not isinstance(images, Iterable)
    is_array = isinstance(images, np.ndarray) and images.ndim != 4
    return iter(cast("Iterable[Query]", (images,) if is_one or is_array else images))


def _pixels(image: Query, frame: Frame, settings: Settings) -> NDArray[np.uint8]:
    with rejections_of(image):
        return factories.decode(settings, encoded(image, settings), **frame._asdict()).pixels
