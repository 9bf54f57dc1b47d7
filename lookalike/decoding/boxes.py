"""Boxes of an ISO base media file (ISO 14496-12), read with bounded work."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lookalike.decoding.encoded import Parts

#: Parts of the items of a file, at most; an item has one, or a few.
MAX_EXTENTS = 10_000

#: How deep boxes in boxes are looked for.
_DEEPEST = 8
#: Boxes with items, whose first bytes say how many they are: two bytes, or four in later versions.
_COUNTED = frozenset({b"iinf"})


class Box(NamedTuple):
    """A box: its type, and where its content starts and ends in the file."""

    name: bytes
    start: int
    end: int


def boxes(
    data: bytes, at: int, end: int, parts: Parts, containers: Mapping[bytes, int], depth: int = 0
) -> Iterator[Box]:
    """Every box between two offsets, each followed by those in it. `containers`: the types that contain boxes -> bytes
    before the first one, after the header. Raises ImageRejected (`bomb`) if `parts` are too many."""
    while at + 8 <= end:
        parts.more()
        length, name, start = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], at + 8
        if length == 1:
            length, start = int.from_bytes(data[at + 8 : at + 16]), at + 16
        close = end if length == 0 else min(end, at + length)
        if close < start:
            break
        yield Box(name, start, close)
        if name in containers and depth < _DEEPEST:
            skipped = containers[name] + (2 if name in _COUNTED and data[start : start + 1] != b"\0" else 0)
            yield from boxes(data, start + skipped, close, parts, containers, depth + 1)
        at = close


class Extent(NamedTuple):
    """A part of an item, within the file. `method`: 0 if `offset` counts from its start, 1 from `idat`. `is_cut`: the
    file ends before it."""

    item: int
    method: int
    offset: int
    length: int
    is_cut: bool


def extents(data: bytes, table: bytes, parts: Parts) -> Iterator[Extent]:
    """Each part of each item in the content of an `iloc` box (8.11.3). Raises ImageRejected (`bomb`) if `parts` are too
    many, since one may take no byte of the table; ValueError if the table is cut."""
    version = table[0]
    offset_bytes, length_bytes, base_bytes = table[4] >> 4, table[4] & 15, table[5] >> 4
    index_bytes = table[5] & 15 if version else 0
    id_bytes = 2 if version < 2 else 4
    items, at = number(table, 6, id_bytes)
    for _ in range(items):
        id, at = number(table, at, id_bytes)
        method, at = number(table, at, 2 if version else 0)
        base, at = number(table, at + 2, base_bytes)
        count, at = number(table, at, 2)
        if at > len(table):
            return
        if at + count * (index_bytes + offset_bytes + length_bytes) > len(table):
            raise ValueError("a table of items is cut")
        parts.more(count)
        for _ in range(count):
            offset, at = number(table, at + index_bytes, offset_bytes)
            length, at = number(table, at, length_bytes)
            # 0 stands for all bytes up to the end.
            left = max(0, len(data) - base - offset)
            yield Extent(id, method & 15, base + offset, min(length or left, left), length > left)


def number(table: bytes, at: int, size: int) -> tuple[int, int]:
    """A number of `size` bytes, and the offset behind it."""
    return int.from_bytes(table[at : at + size]), at + size
