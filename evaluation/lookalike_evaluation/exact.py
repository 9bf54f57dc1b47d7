"""Exact nearest neighbours with NumPy, and how many of them an index found; knows no index."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.records import Metric, Vector, Vectors

Distances = NDArray[np.float64]

#: A result this much farther than the k-th nearest is as good: identical pictures, and the rounding of float32.
#: The idea is ANN-Benchmarks' (Aumueller, Bernhardsson and Faithfull, Information Systems 87, 2020, section 3.1).
COSINE_TOLERANCE = 1e-5
#: Squared distances of the article's head are tiny, so theirs is relative.
L2_TOLERANCE = 1e-5


class Exact:
    """All stored vectors, float32 [N, D], ready to be compared with one query at a time."""

    def __init__(self, stored: Vectors, metric: Metric) -> None:
        self._metric = metric
        self._stored = _unit(stored) if metric is Metric.COSINE else stored.astype(np.float32, copy=False)

    def distances(self, query: Vector) -> Distances:
        """1 - cosine, or the squared Euclidean distance, to each stored vector: float64 [N]."""
        if self._metric is Metric.COSINE:
            return np.asarray(1.0 - (self._stored @ _unit(query[None])[0]).astype(np.float64))
        # Differences first: the expanded square would cancel where distances are tiny.
        return np.asarray(np.square(self._stored - query).sum(axis=1), np.float64)

    def recall(self, query: Vector, found: Sequence[int], k: int) -> float:
        """The share of the k nearest (of all, if fewer are stored) among the first k of the `found` positions."""
        distances = self.distances(query)
        wanted = min(k, len(distances))
        limit = np.partition(distances, wanted - 1)[wanted - 1]
        limit = limit + COSINE_TOLERANCE if self._metric is Metric.COSINE else limit * (1 + L2_TOLERANCE)
        return sum(bool(distances[place] <= limit) for place in found[:k]) / wanted


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors.astype(np.float32, copy=False), axis=1, keepdims=True)
    return np.asarray(vectors / norms, np.float32)
