"""The values of a field as codes, for the colours of a map: one code for each value, or for each range of many."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.filters import Scalar

Codes: TypeAlias = NDArray[np.uint16]

#: Codes of images that are not in the index any more, that have no value, and that have one of the rarer values.
GONE, NONE, OTHER = 65535, 65534, 65533
#: Values that have codes of their own.
MOST_VALUES = 256
#: More numbers or dates are shown as ranges, each with as many images as another.
MOST_NUMBERS, RANGES = 12, 8


class Coded(NamedTuple):
    """`codes` [N] count the `values`, beside which stands how many images have each; `is_ordered` if the values, or
    ranges of them, are in their order, and not the most frequent first."""

    codes: Codes
    values: list[tuple[Scalar, int]]
    is_ordered: bool


def coded(values: Sequence[Any], *, is_ordered: bool) -> Coded:
    """`is_ordered`: they are numbers or dates. None is no value."""
    counts: Counter[Any] = Counter(value for value in values if value is not None)
    if is_ordered and len(counts) > MOST_NUMBERS:
        return _ranges(values, counts)
    order = sorted(counts) if is_ordered else [value for value, _ in _most_common(counts)]
    numbers: dict[Any, int] = {value: number for number, value in enumerate(order)}
    numbers[None] = NONE
    codes = np.fromiter((numbers.get(value, OTHER) for value in values), np.uint16, len(values))
    return Coded(codes, [(value, counts[value]) for value in order], is_ordered)


def _most_common(counts: Counter[Any]) -> list[tuple[Any, int]]:
    """Equal ones sorted, so that a colour stays."""
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:MOST_VALUES]


def _ranges(values: Sequence[Any], counts: Counter[Any]) -> Coded:
    every = sorted(value for value in values if value is not None)
    bounds = sorted({every[number * len(every) // RANGES] for number in range(1, RANGES)} - {every[0]})
    codes = np.fromiter(
        (NONE if value is None else bisect_right(bounds, value) for value in values),
        np.uint16,
        len(values),
    )
    inside: list[list[Any]] = [[] for _ in range(len(bounds) + 1)]
    for value in sorted(counts):
        inside[bisect_right(bounds, value)].append(value)
    named: list[tuple[Scalar, int]] = [(_named(some), sum(counts[value] for value in some)) for some in inside]
    return Coded(codes, named, is_ordered=True)


def _named(values: Sequence[Scalar]) -> str:
    first, last = _text(values[0]), _text(values[-1])
    return first if first == last else f"{first} \u2013 {last}"


def _text(value: Scalar) -> str:
    """Of a date only the day."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:10] if isinstance(value, str) else str(value)
