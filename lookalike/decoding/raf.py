"""Fujifilm's raws (RAF): a JPEG, and a table of the sensor (as in ExifTool's tables of FujiFilm)."""

from lookalike.decoding.encoded import Encoded, Parts
from lookalike.decoding.raw import embedded

#: Offsets of two pairs of offset and length: the JPEG, and the table.
_JPEG, _TABLE = 84, 92
_MOST_ENTRIES = 1000
#: Tags of the size after and before cropping: height, width.
_SIZES = (0x0111, 0x0100)


def reduced(data: bytes) -> Encoded:
    """The JPEG. Raises ImageRejected (`unsupported`) if it is not of full size."""
    start, length = _number(data, _JPEG, 4), _number(data, _JPEG + 4, 4)
    return embedded(data, [(start, length)], _longer_side(data, _number(data, _TABLE, 4)))


def _longer_side(data: bytes, table: int) -> int:
    """Of the image; 0 if the table does not say it."""
    parts, found, at = Parts("entries of a table", _MOST_ENTRIES), dict[int, int](), table + 4
    for _ in range(_number(data, table, 4)):
        if at + 4 > len(data):
            break
        parts.more()
        tag, length = _number(data, at, 2), _number(data, at + 2, 2)
        if tag in _SIZES and length == 4:
            found[tag] = max(_number(data, at + 4, 2), _number(data, at + 6, 2))
        at += 4 + length
    return next((found[tag] for tag in _SIZES if tag in found), 0)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size])
