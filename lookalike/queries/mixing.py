"""Makes one query vector of several examples.

Weighted sums of embeddings are what Rocchio's relevance feedback does with documents (Rocchio, 1971): towards what is
wanted, away from what is not.
"""

from collections.abc import Sequence

import numpy as np

from lookalike.errors import BadQuery
from lookalike.records import Metric, Vector, Vectors

#: What is not wanted counts so much of its weight, as Rocchio's feedback counts it less: the whole of it would leave a
#: direction that no image has. Of portraits with EfficientNet-Lite0, P@10 is .39 without a negative example, .43 with
#: 0.35, .41 with 0.5 and .15 with 1 (`python -m benchmarks examples`). With texts for drawings of a class without a
#: colour it is .56 without the colour, .84 with 0.35, and .87 with 0.7 and with 1; with demo-pair .58, .61, .64 and .68
#: (`python -m benchmarks texts`).
NEGATIVE_SHARE = 0.35
#: Shorter sums, as a share of the weights, point in a direction that rounding has chosen.
LEAST_LENGTH = 1e-3


def mixed(vectors: Vectors, weights: Sequence[float], metric: Metric) -> Vector:
    """The query, float32 [D], of examples with vectors [N, D] and weights [N]: their weighted sum, of unit length for
    the cosine metric; for another one their weighted mean. Negative weights count by NEGATIVE_SHARE. Raises BadQuery if
    the examples cancel each other out, by that or by the whole of their weights."""
    if len(weights) == 1:
        only: Vector = vectors[0]
        return only
    scaled = np.asarray(vectors, np.float64)
    if metric is Metric.COSINE:
        scaled = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    # The greatest is 1: the squares of very small ones would be 0.
    given = np.asarray(weights, np.float64) / np.abs(weights).max()
    counted = np.where(given < 0, NEGATIVE_SHARE * given, given)
    total = counted @ scaled
    length = np.linalg.norm(total) if metric is Metric.COSINE else counted.sum()
    least = LEAST_LENGTH * np.abs(given) @ np.linalg.norm(scaled, axis=1)
    if length < LEAST_LENGTH * np.abs(given).sum() or np.linalg.norm(given @ scaled) < least:
        raise BadQuery("The examples cancel each other out.", "Change a weight, or leave one of them out.")
    direction: Vector = (total / length).astype(np.float32)
    return direction
