"""Reduces a WebP to the bitstream of its first frame (RFC 9649, section 2)."""

import struct

from lookalike.decoding.encoded import Encoded, Parts
from lookalike.decoding.orientation import orientation_of
from lookalike.decoding.profiles import MAX_PROFILE_BYTES
from lookalike.decoding.taken import taken_of

_CHUNK = struct.Struct("<4sI")
_FIRST = 12
#: Where VP8X has its flags, in the file.
_FLAGS = 20
#: Bits of VP8X for what is left out: a profile, EXIF and XMP.
_LEFT_OUT = 0x20 | 0x08 | 0x04
_BITSTREAMS = (b"VP8 ", b"VP8L")


def reduced(data: bytes) -> Encoded:
    """The WebP without profile, metadata and further frames.

    Raises ImageRejected (`bomb`) for more than MAX_PARTS chunks.
    """
    chunks = _chunks(data)
    is_extended = bool(chunks) and chunks[0][0] == b"VP8X"
    first: dict[bytes, tuple[int, int]] = {}
    for name, start, end in chunks:
        first.setdefault(name, (start, end))
    wanted = [name for name in _wanted(first) if name in first]
    exif, xmp, profile = (_content(data, *first.get(name, (0, 0))) for name in (b"EXIF", b"XMP ", b"ICCP"))
    size = _canvas(data) if is_extended else None
    # A cut file stays shorter than it says.
    length = sum(_padded(data, first[name][0]) for name in wanted)
    if len(wanted) < len(chunks):
        view = memoryview(data)
        pieces = [view[slice(*first[name])] for name in wanted]
        if is_extended:
            pieces[:1] = [
                view[_FIRST:_FLAGS],
                memoryview(bytes([data[_FLAGS] & ~_LEFT_OUT])),
                pieces[0][_FLAGS + 1 - _FIRST :],
            ]
        data = b"".join((b"RIFF" + struct.pack("<I", 4 + length) + b"WEBP", *pieces))
    return Encoded("WebP", data, size, orientation_of(exif, xmp), profile, taken_at_ms=taken_of(exif))


def _content(data: bytes, start: int, end: int) -> bytes:
    """Of a chunk of metadata, as much as a profile may have."""
    return data[start + _CHUNK.size : min(end, start + _CHUNK.size + MAX_PROFILE_BYTES + 1)]


def _wanted(first: dict[bytes, tuple[int, int]]) -> tuple[bytes, ...]:
    if b"VP8X" not in first:
        return _BITSTREAMS
    return (b"VP8X", b"ANIM", b"ANMF") if b"ANMF" in first else (b"VP8X", b"ALPH", *_BITSTREAMS)


def _canvas(data: bytes) -> tuple[int, int]:
    """Pillow's reader allocates the canvas when it opens the file."""
    width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    return width, height


def _chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    """Name, start and end with header and padding; the last one may be cut."""
    parts = Parts("chunks")
    found: list[tuple[bytes, int, int]] = []
    at = _FIRST
    while at + _CHUNK.size <= len(data):
        parts.more()
        end = at + _padded(data, at)
        found.append((data[at : at + 4], at, end))
        at = end
    return found


def _padded(data: bytes, at: int) -> int:
    length: int = _CHUNK.unpack_from(data, at)[1]
    return _CHUNK.size + length + length % 2
