"""The exact k nearest neighbours of many queries, among vectors that come in blocks."""

import numpy as np
from numpy.typing import NDArray

from lookalike.records import Vectors


class Nearest:
    """The `k` stored vectors with the highest cosine so far, for unit-length `queries`, float32 [Q, D]."""

    def __init__(self, queries: Vectors, k: int) -> None:
        self._queries = queries
        self._k = k
        self._cosines = np.empty((len(queries), 0), np.float32)
        self._numbers = np.empty((len(queries), 0), np.int64)

    def add(self, stored: Vectors, numbers: NDArray[np.int64]) -> None:
        """Add unit-length vectors, float32 [N, D], with their numbers, [N]. Takes 4 Q N bytes of memory meanwhile."""
        cosines = np.concatenate((self._cosines, self._queries @ stored.T), axis=1)
        called = np.concatenate((self._numbers, np.broadcast_to(numbers, (len(self._queries), len(numbers)))), axis=1)
        best = np.argpartition(-cosines, min(self._k, cosines.shape[1]) - 1, axis=1)[:, : self._k]
        self._cosines = np.take_along_axis(cosines, best, axis=1)
        self._numbers = np.take_along_axis(called, best, axis=1)

    def recall(self, found: list[set[int]]) -> float:
        """recall@k of the numbers that were found for each query."""
        pairs = zip(self._numbers, found, strict=True)
        return float(
            np.mean([len(found_here.intersection(map(int, exact))) / len(exact) for exact, found_here in pairs])
        )
