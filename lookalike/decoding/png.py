"""Reduces a PNG to the chunks that its pixels need (PNG specification, third edition, 11.2 and 11.3.1)."""

import struct
import zlib

from lookalike.decoding.encoded import Encoded, Parts
from lookalike.decoding.orientation import MOST_XMP_BYTES, orientation_of
from lookalike.decoding.profiles import MAX_PROFILE_BYTES
from lookalike.decoding.taken import taken_of

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
_BEFORE_PIXELS = frozenset({b"PLTE", b"tRNS", b"iCCP"})
#: The keyword of the international text that is XMP.
_XMP = b"XML:com.adobe.xmp\0"


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
        elif name == b"eXIf" or (name in _BEFORE_PIXELS and not pixels) or data.startswith(_XMP, start):
            first.setdefault(name, data[start : start + min(length, MAX_PROFILE_BYTES)])
    orientation = orientation_of(first.get(b"eXIf"), _text(first.get(b"iTXt", b"")))
    profile = _profile(first.get(b"iCCP", b""))
    taken_at_ms = taken_of(first.get(b"eXIf", b""))
    if len(chunks) == len(pixels) + 2 and len(pixels) < _MANY:
        return Encoded("PNG", data, size, orientation, profile, taken_at_ms=taken_at_ms)
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
    whole = b"".join(kept if is_cut else [*kept, bytes(4), _END])
    return Encoded("PNG", whole, size, orientation, profile, taken_at_ms=taken_at_ms)


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


def _text(content: bytes) -> bytes:
    """The XMP of an international text, which may be compressed (11.3.3.4)."""
    packed = content[len(_XMP) : len(_XMP) + 1] == b"\1"
    # A language and a translated keyword follow, and end with a zero each.
    text = content[len(_XMP) + 2 :].split(b"\0", 2)[-1]
    return _unpacked(text, MOST_XMP_BYTES) if packed else text


def _profile(content: bytes) -> bytes:
    """Behind a name, a zero and the method of compression (11.3.2.3)."""
    return _unpacked(content.partition(b"\0")[2][1:], MAX_PROFILE_BYTES + 1)


def _unpacked(content: bytes, most: int) -> bytes:
    """At most the first `most` bytes; none if the content is broken."""
    try:
        return zlib.decompressobj().decompress(content, most)
    except zlib.error:
        return b""


def _chunk(name: bytes, content: bytes) -> bytes:
    return _CHUNK.pack(len(content), name) + content + zlib.crc32(name + content).to_bytes(4)
