"""What examples may count for. Needs no NumPy: a client of the query service checks them as well."""

from collections.abc import Sequence

from lookalike.errors import BadQuery

#: Many more than a person would choose.
MAX_EXAMPLES = 32
#: Of one example.
MAX_WEIGHT = 100.0


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
