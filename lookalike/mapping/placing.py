"""Places images on a map by their neighbours that have a place already."""

from typing import Any

import numpy as np

from lookalike.mapping.record import Places
from lookalike.records import Vectors

#: An even number, so that a median lies between two of them, and few images lie exactly on one another.
NEIGHBOURS = 10


class Placer:
    """`vectors` [N, D] are those of the images with `places` [N, 2]."""

    def __init__(self, vectors: Vectors, places: Places, threads: int) -> None:
        from sklearn.neighbors import NearestNeighbors

        # Exact: a graph of so few vectors takes longer to build than it saves.
        self._near: Any = NearestNeighbors(
            n_neighbors=min(NEIGHBOURS, len(vectors)), algorithm="brute", n_jobs=threads
        ).fit(np.ascontiguousarray(vectors))
        self._places = places

    def __call__(self, vectors: Vectors) -> Places:
        """The places of these vectors, [M, 2]: the median of those of their neighbours. A mean would put an image whose
        neighbours are in two clusters between them, where no image is like it."""
        numbers = self._near.kneighbors(np.ascontiguousarray(vectors), return_distance=False)
        places: Places = np.median(self._places[numbers], axis=1).astype(np.float32)
        return places
