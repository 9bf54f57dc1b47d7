"""Chooses matches that are like the query and unlike one another."""

import numpy as np
from numpy.typing import NDArray

from lookalike.records import Vectors


def diverse(relevance: NDArray[np.floating], vectors: Vectors, k: int, diversity: float) -> list[int]:
    """The positions of k candidates by maximal marginal relevance (Carbonell and Goldstein, 1998), best first.

    `relevance` [N] is the similarity of each candidate with the query, `vectors` [N, D] have unit length, so that their
    product is a similarity as well. `diversity` from 0, which leaves the order of relevance, to 1, for which only
    likeness to those that are already chosen counts. Takes N x k x D multiplications.
    """
    units = np.asarray(vectors, np.float32)
    left = np.ones(len(relevance), bool)
    nearest = np.full(len(relevance), -1.0, np.float32)
    chosen: list[int] = []
    # The first one is the best match, whatever `diversity` is.
    gain = np.asarray(relevance)
    while len(chosen) < min(k, len(relevance)):
        best = int(np.argmax(gain))
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, units @ units[best])
        gain = np.where(left, (1 - diversity) * relevance - diversity * nearest, -np.inf)
    return chosen
