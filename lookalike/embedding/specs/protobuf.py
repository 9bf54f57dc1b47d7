"""Reads protocol buffers from a file field by field, without a schema and without what nobody asks for.

The wire format: https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

#: Bytes of a varint of 64 bits.
_LONGEST_VARINT = 10
#: A key has 32 bits. Some libraries drop what is above them, and then read another field than was looked at.
_KEY_BITS = 32
#: Names and paths are shorter.
_LONGEST_TEXT = 1 << 16
_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}


class Malformed(ValueError):
    """These are not the bytes of a message; the text is a clause."""


class Field(NamedTuple):
    """Field `number` of a message: a whole number (`value`), or the bytes from `start` to `end` of the file."""

    number: int
    value: int
    start: int
    end: int


class Messages:
    """The messages in a file of `size` bytes."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.whole = Field(0, 0, 0, size)

    def fields(self, message: Field) -> Iterator[Field]:
        """The whole numbers and the bytes in `message`, which may be read in between. Raises Malformed."""
        at = message.start
        while at < message.end:
            key, at = self._varint(at, message.end)
            if key >> _KEY_BITS:
                raise Malformed("its bytes mean nothing")
            number, kind = key >> 3, key & 7
            if kind == _VARINT:
                value, at = self._varint(at, message.end)
                yield Field(number, value, at, at)
            elif kind == _DELIMITED:
                length, at = self._varint(at, message.end)
                if length > message.end - at:
                    raise Malformed("it ends too early")
                yield Field(number, 0, at, at + length)
                at += length
            elif kind in _FIXED:
                at += _FIXED[kind]
            else:
                raise Malformed("its bytes mean nothing")
        if at > message.end:
            raise Malformed("it ends too early")

    def text(self, field: Field) -> str:
        """Raises Malformed."""
        if field.end - field.start > _LONGEST_TEXT:
            raise Malformed("a name in it is too long")
        self._file.seek(field.start)
        return self._file.read(field.end - field.start).decode("utf-8", "replace")

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        self._file.seek(at)
        value = 0
        for count in range(min(_LONGEST_VARINT, end - at)):
            byte = self._file.read(1)
            if not byte:
                raise Malformed("it ends too early")
            value |= (byte[0] & 0x7F) << 7 * count
            if byte[0] < 0x80:
                return value, at + count + 1
        raise Malformed("its bytes mean nothing")
