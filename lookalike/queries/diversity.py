"""Chooses matches that are like the query and unlike one another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.records import Metric, Vector, Vectors

#: For each match that is chosen, so many are candidates, but not more than MOST_CANDIDATES in all.
CANDIDATES_EACH, MOST_CANDIDATES = 10, 1000


def candidates_for(k: int) -> int:
    """From how many of the nearest k are chosen."""
    return max(k, min(CANDIDATES_EACH * k, MOST_CANDIDATES))


def diverse(scores: Sequence[float], vectors: Vectors, k: int, diversity: float, metric: Metric) -> list[int]:
    """The positions of k candidates by maximal marginal relevance (Carbonell and Goldstein, 1998).

    `scores` [N] say how alike each candidate is to the query, `vectors` are [N, D]. `diversity` is from 0, which leaves
    the order of the scores, to 1, for which only the likeness to those that are already chosen counts. The best match
    comes first whatever it is. Takes N x k x D multiplications.
    """
    relevance = np.asarray(scores, np.float32)
    nearest = np.full(len(relevance), -np.inf, np.float32)
    left = np.ones(len(relevance), bool)
    gain: NDArray[np.float32] = relevance
    chosen: list[int] = []
    while len(chosen) < min(k, len(relevance)):
        best = int(np.argmax(gain))
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, _scores(vectors, vectors[best], metric))
        gain = np.where(left, (1 - diversity) * relevance - diversity * nearest, -np.inf).astype(np.float32)
    return chosen


def _scores(vectors: Vectors, vector: Vector, metric: Metric) -> NDArray[np.float32]:
    """What a search for the vector would give each of the vectors as its score."""
    if metric is Metric.L2:
        found = 1 / (1 + np.square(vectors - vector).sum(axis=1))
    else:
        found = vectors @ vector / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector))
    scores: NDArray[np.float32] = found.astype(np.float32)
    return scores
