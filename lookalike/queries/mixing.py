"""Makes one query vector of several examples.

Weighted sums of embeddings are what Rocchio's relevance feedback does with documents (Rocchio, 1971): towards what is
wanted, away from what is not.
"""

from collections.abc import Sequence

import numpy as np

from lookalike.errors import BadQuery
from lookalike.records import Metric, Vector, Vectors

#: Many more than a person would choose.
MAX_EXAMPLES = 32
#: Of one example.
MAX_WEIGHT = 100.0
#: Shorter sums, as a share of the weights, point in a direction that rounding has chosen.
LEAST_LENGTH = 1e-3


def check_weights(weights: Sequence[float]) -> None:
    """Raises BadQuery for no example, too many, a weight that is none, and if nothing is wanted."""
    if not 0 < len(weights) <= MAX_EXAMPLES:
        raise BadQuery(f"A search has 1 to {MAX_EXAMPLES} examples, not {len(weights)}.", "Give fewer, or one.")
    for weight in weights:
        # Not so for NaN either.
        if not 0 < abs(weight) <= MAX_WEIGHT:
            raise BadQuery(f"{weight:g} is no weight.", f"Give a number up to {MAX_WEIGHT:g}, above or below 0.")
    if max(weights) < 0:
        raise BadQuery("All examples are negative.", "Add an example of what the images shall be like.")


def mixed(vectors: Vectors, weights: Sequence[float], metric: Metric) -> Vector:
    """The query, float32 [D], of examples with vectors [N, D] and weights [N]: their weighted sum, of unit length for
    the cosine metric; for another one their weighted mean. Raises BadQuery if they cancel each other out."""
    if len(weights) == 1:
        only: Vector = vectors[0]
        return only
    scaled = np.asarray(vectors, np.float64)
    if metric is Metric.COSINE:
        scaled = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    total = np.asarray(weights, np.float64) @ scaled
    length = np.linalg.norm(total) if metric is Metric.COSINE else sum(weights)
    if length < LEAST_LENGTH * np.abs(weights).sum():
        raise BadQuery("The examples cancel each other out.", "Change a weight, or leave one of them out.")
    direction: Vector = (total / length).astype(np.float32)
    return direction
