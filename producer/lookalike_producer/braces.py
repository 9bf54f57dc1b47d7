"""Names in a row, as sets of shards are written: `name-{000..127}.tar`, also `{0..10..2}`, and several of them."""

import re
from collections.abc import Iterator
from itertools import product

from lookalike.errors import SourceMissing
from lookalike.shown import shown

#: Names that one source may stand for.
MOST_NAMES = 100_000

_RANGE = re.compile(r"\{(\d{1,9})\.\.(\d{1,9})(?:\.\.(\d{1,9}))?\}")


def has_range(source: str) -> bool:
    """Whether a source names a row."""
    return _RANGE.search(source) is not None


def names(source: str) -> Iterator[str]:
    """The names of a row in order; a number has the zeros that the first or the last one is written with.

    Raises SourceMissing if there are too many.
    """
    parts = _RANGE.split(source)
    texts = parts[::4]
    rows = [_row(*parts[at : at + 3]) for at in range(1, len(parts), 4)]
    count = 1
    for row, _ in rows:
        count *= len(row)
    if count > MOST_NAMES:
        raise SourceMissing(
            f"{shown(source)} stands for {count:,} names; a source stands for at most {MOST_NAMES:,}.",
            "Use a glob, such as 'name-*.tar', or write several sources.",
        )
    for numbers in product(*(row for row, _ in rows)):
        filled = (f"{number:0{width}}" for number, (_, width) in zip(numbers, rows, strict=True))
        yield "".join(text for pair in zip(texts, (*filled, ""), strict=True) for text in pair)


def _row(first: str, last: str, step: str | None) -> tuple[range, int]:
    """The numbers, up or down, and their width."""
    start, end, by = int(first), int(last), max(1, int(step or 1))
    is_padded = any(len(text) > 1 and text[0] == "0" for text in (first, last))
    width = max(len(first), len(last)) if is_padded else 1
    return (range(start, end + 1, by) if start <= end else range(start, end - 1, -by)), width
