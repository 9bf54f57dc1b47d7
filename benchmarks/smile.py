"""Encodes JSON values in SMILE, a binary format that OpenSearch reads too.

Specification: https://github.com/FasterXML/smile-format-specification. The optional tables of shared names and values
are not used, so that each document can be read on its own.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike.records import Vector

#: ":)", a line feed, and version 0 without options.
HEADER = b":)\n\x00"
#: Ends a document in a stream; never occurs inside a document.
SEPARATOR = b"\xff"
NULL = b"\x21"
INTEGER, FLOAT32, TEXT, LONG_NAME, END_OF_TEXT = b"\x24", 0x28, b"\xe4", b"\x34", b"\xfc"
ARRAY, END_OF_ARRAY, OBJECT, END_OF_OBJECT = b"\xf8", b"\xf9", b"\xfa", b"\xfb"
#: A float32 is a token and 32 bits in groups of seven, the highest first.
FLOAT32_SIZE_BYTES = 6


def encode(value: Mapping[str, Any]) -> bytes:
    """Encode one document: text, non-negative integers, None, float32 vectors, and mappings of these."""
    return HEADER + _encode(value)


def _encode(value: Any) -> bytes:
    if value is None:
        return NULL
    if isinstance(value, str):
        return TEXT + value.encode() + END_OF_TEXT
    if isinstance(value, int):
        return INTEGER + _variable(value << 1)
    if isinstance(value, np.ndarray):
        return ARRAY + _floats(value) + END_OF_ARRAY
    members = (LONG_NAME + name.encode() + END_OF_TEXT + _encode(member) for name, member in value.items())
    return OBJECT + b"".join(members) + END_OF_OBJECT


def _floats(vector: Vector) -> bytes:
    bits = vector.view(np.uint32)
    tokens = np.empty((len(vector), FLOAT32_SIZE_BYTES), np.uint8)
    tokens[:, 0] = FLOAT32
    for group in range(5):
        tokens[:, -1 - group] = (bits >> (7 * group)) & 0x7F
    return tokens.tobytes()


def _variable(number: int) -> bytes:
    """Groups of seven bits, the highest first; the last group has six bits and a flag."""
    groups = [0x80 | number & 0x3F]
    number >>= 6
    while number:
        groups.append(number & 0x7F)
        number >>= 7
    return bytes(reversed(groups))
