"""Reduces a GIF to its screen, and its first frame with what follows (GIF89a specification, sections 17 to 23)."""

import struct

from lookalike.decoding.encoded import Encoded, Parts

_HEADER_BYTES = 13
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL = 0xF9


def reduced(data: bytes) -> Encoded:
    """The GIF without comments and application data before its first frame. Pillow reads no further than that frame.

    Raises ImageRejected (`bomb`) for more than MAX_PARTS blocks.
    """
    parts = Parts("blocks")
    at = start = _HEADER_BYTES + _palette_bytes(data[10])
    control = b""
    while at < len(data) and data[at] != _TRAILER:
        parts.more()
        if data[at] == _IMAGE:
            is_plain = at == start + len(control)
            kept = data if is_plain else b"".join((data[:start], control, memoryview(data)[at:]))
            return Encoded("GIF", kept, _size(data, at))
        if data[at] != _EXTENSION:
            # Some files have padding between blocks.
            at += 1
            continue
        end = _blocks_end(data, at + 2, parts)
        if data[at + 1] == _GRAPHIC_CONTROL:
            control = data[at:end]
        at = end
    return Encoded("GIF", data[:start] + data[at : at + 1])


def _size(data: bytes, image: int) -> tuple[int, int]:
    """Pillow enlarges the screen to what the first frame covers."""
    screen = struct.unpack_from("<HH", data, 6)
    left, top, width, height = struct.unpack_from("<HHHH", data, image + 1)
    return max(screen[0], left + width), max(screen[1], top + height)


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(data: bytes, at: int, parts: Parts) -> int:
    """Offset behind the sub-blocks of an extension."""
    while at < len(data) and data[at]:
        parts.more()
        at += data[at] + 1
    return at + 1
