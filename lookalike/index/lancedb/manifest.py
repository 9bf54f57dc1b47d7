"""Which indexes the newest version of a table has, as its manifest says: LanceDB tells one folder for each index only.

A manifest ends with the place of its protobuf message, whose field 6 is the place of the section of the indexes
(https://lance.org/format/table/). Another section has the last transaction, which names indexes that were removed.
"""

import struct
from collections.abc import Iterator

#: The place of the message, the version of the format, and the mark of a whole file.
END = struct.Struct("<QHH4s")
LENGTH = struct.Struct("<I")
INDEX_SECTION = 6
#: Protobuf's wire types, and the bytes of those that have a fixed length.
VARINT, DELIMITED = 0, 2
FIXED = {1: 8, 5: 4}


def index_section(manifest: bytes) -> bytes:
    """The section of the indexes, empty if there is none or if the manifest is damaged."""
    try:
        position, *_ = END.unpack(manifest[-END.size :])
        numbers = dict(_numbers(_message(manifest, position)))
        return _message(manifest, numbers[INDEX_SECTION])
    except (IndexError, KeyError, struct.error):
        return b""


def _message(manifest: bytes, position: int) -> bytes:
    start = position + LENGTH.size
    return manifest[start : start + LENGTH.unpack_from(manifest, position)[0]]


def _numbers(message: bytes) -> Iterator[tuple[int, int]]:
    """The fields of a message that are integers, with their values."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key & 7 in FIXED:
            at += FIXED[key & 7]
            continue
        value, at = _varint(message, at)
        if key & 7 == DELIMITED:
            at += value
        elif key & 7 == VARINT:
            yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The integer at this position, and the position behind it."""
    value = shift = 0
    while True:
        value |= (message[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if message[at - 1] < 128:
            return value, at
