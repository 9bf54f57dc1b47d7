"""Exact nearest neighbours with NumPy, and the recall of an index against them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.records import Metric, Vector, Vectors

Distances = NDArray[np.float64]

#: A result this much farther than the k-th nearest still counts: identical images, and float32 rounding.
#: Source: ANN-Benchmarks (Aumueller, Bernhardsson and Faithfull, Information Systems 87, 2020, section 3.1).
COSINE_TOLERANCE = 1e-5
#: Relative, because squared distances of the article's head are tiny.
L2_TOLERANCE = 1e-5


class ExactSearch:
    """Brute-force search over stored vectors, float32 [N, D], one query at a time."""

    def __init__(self, stored: Vectors, metric: Metric) -> None:
        self._metric = metric
        self._stored = _unit(stored) if metric is Metric.COSINE else stored.astype(np.float32, copy=False)

    def distances(self, query: Vector) -> Distances:
        """1 - cosine, or the squared Euclidean distance, to each stored vector: float64 [N]."""
        if self._metric is Metric.COSINE:
            return np.asarray(1.0 - (self._stored @ _unit(query[None])[0]).astype(np.float64))
        # Subtract first: the expanded square loses precision for tiny distances.
        return np.asarray(np.square(self._stored - query).sum(axis=1), np.float64)

    def recall(self, query: Vector, found: Sequence[int], k: int) -> float:
        """Recall@k: the share of the k nearest (all, if fewer are stored) among the first k `found` positions."""
        distances = self.distances(query)
        wanted = min(k, len(distances))
        limit = np.partition(distances, wanted - 1)[wanted - 1]
        limit = limit + COSINE_TOLERANCE if self._metric is Metric.COSINE else limit * (1 + L2_TOLERANCE)
        return sum(bool(distances[position] <= limit) for position in found[:k]) / wanted


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors.astype(np.float32, copy=False), axis=1, keepdims=True)
    return np.asarray(vectors / norms, np.float32)
