"""Refuses a range that ends before it begins, as when its ends are mixed up. Knows no backend."""

from collections.abc import Iterable
from itertools import product

from lookalike.errors import BadFilter
from lookalike.filters import Condition, Operator
from lookalike.index.places import Bound
from lookalike.shown import shortened

_LOWER = (Operator.AT_LEAST, Operator.ABOVE)
_UPPER = (Operator.AT_MOST, Operator.BELOW)
_OPEN = (Operator.ABOVE, Operator.BELOW)

#: A condition as it was given, and bound to an index.
Pair = tuple[Condition, Bound]


def check_ranges(pairs: Iterable[Pair]) -> None:
    """Raises BadFilter for two conditions that no value can meet. Of a list, two values may meet one each."""
    ends = [pair for pair in pairs if pair[1].operator in (*_LOWER, *_UPPER) and not pair[1].place.is_list]
    lower = [pair for pair in ends if pair[1].operator in _LOWER]
    upper = [pair for pair in ends if pair[1].operator in _UPPER]
    for (given, low), (other, high) in product(lower, upper):
        if low.place == high.place and _exclude(low, high):
            raise BadFilter(
                f"No image has both {shortened(str(given))} and {shortened(str(other))}.",
                "Give a range that begins before it ends.",
            )


def _exclude(low: Bound, high: Bound) -> bool:
    first, last = low.limit, high.limit
    is_open = low.operator in _OPEN or high.operator in _OPEN
    # Both are of the type of one field.
    return bool(first > last or (is_open and first == last))  # type: ignore[operator]
