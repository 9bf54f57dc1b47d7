"""Reduces a PNG to the chunks that its pixels need (PNG specification, third edition, 11.2 and 11.3.1)."""

import struct
import zlib

from lookalike.decoding.encoded import Encoded, Parts
from lookalike.formats import exif_orientation

_SIGNATURE_BYTES = 8
_CHUNK = struct.Struct(">I4s")
#: Length, type and checksum of a chunk.
_FRAME_BYTES = 12
#: A decoder calls Python for each chunk of pixels.
_MANY = 1000
_END = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))
#: Colour type -> the possible sizes of its transparency chunk, in bytes.
_TRANSPARENCY_BYTES = {0: range(2, 3), 2: range(6, 7), 3: range(1, 257)}
_PALETTE_TYPE = 3


def reduced(data: bytes) -> Encoded:
    """The PNG without texts, profiles and frames of an animation. Checksums beside the pixels are not compared.

    Raises ImageRejected (`bomb`) for more than MAX_PARTS chunks.
    """
    chunks = _chunks(data)
    header = data[_SIGNATURE_BYTES : _SIGNATURE_BYTES + 25]
    size = (int.from_bytes(header[8:12]), int.from_bytes(header[12:16]))
    colour_type = header[17] if len(header) == 25 else 0
    first: dict[bytes, bytes] = {}
    pixels: list[tuple[int, int]] = []
    for name, start, length in chunks:
        if name == b"IDAT":
            pixels.append((start, length))
        elif name not in first and name in (b"PLTE", b"tRNS", b"eXIf") and (name == b"eXIf" or not pixels):
            first[name] = data[start : start + length]
    orientation = exif_orientation(first.get(b"eXIf"))
    if len(chunks) == len(pixels) + 2 and len(pixels) < _MANY:
        return Encoded("PNG", data, size, orientation)
    kept: list[bytes | memoryview] = [data[:_SIGNATURE_BYTES], header]
    if colour_type == _PALETTE_TYPE:
        kept.append(_chunk(b"PLTE", first.get(b"PLTE", b"")))
    if len(first.get(b"tRNS", b"")) in _TRANSPARENCY_BYTES.get(colour_type, ()):
        kept.append(_chunk(b"tRNS", first[b"tRNS"]))
    kept.append(_CHUNK.pack(min(sum(length for _, length in pixels), 2**31 - 1), b"IDAT"))
    view = memoryview(data)
    kept += [view[start : start + length] for start, length in pixels]
    is_cut = bool(pixels) and sum(pixels[-1]) + 4 > len(data)
    # Nothing compares the checksum of the pixels; they have another one inside.
    return Encoded("PNG", b"".join(kept if is_cut else [*kept, bytes(4), _END]), size, orientation)


def _chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    """Name, offset of the content and its length; the last one may be cut."""
    parts = Parts("chunks")
    found: list[tuple[bytes, int, int]] = []
    at = _SIGNATURE_BYTES
    while at + _CHUNK.size <= len(data):
        parts.more()
        length, name = _CHUNK.unpack_from(data, at)
        found.append((name, at + _CHUNK.size, length))
        at += length + _FRAME_BYTES
        if name == b"IEND":
            break
    return found


def _chunk(name: bytes, content: bytes) -> bytes:
    return _CHUNK.pack(len(content), name) + content + zlib.crc32(name + content).to_bytes(4)
