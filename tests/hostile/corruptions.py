"""Ten ways to break an encoded image; reads and writes no files."""

import random
import struct
import zlib
from collections.abc import Callable

#: Offset of a length or a checksum in each format; negative counts from the end.
_SUMS = {"JPEG": 4, "PNG": -16, "WebP": 4, "GIF": -3, "BMP": 2, "TIFF": 4, "AVIF": 0, "HEIF": 0, "JXL": 2}
#: How many bytes at the end are kept.
_END_BYTES = 16


def flipped_bits(kind: str, data: bytes) -> bytes:
    broken = bytearray(data)
    chance = random.Random(len(data))
    for _ in range(40):
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    return bytes(broken)


def swapped_parts(kind: str, data: bytes) -> bytes:
    """Two parts change places, like blocks on a broken disk."""
    first, second, size = len(data) // 8, len(data) // 2, len(data) // 8
    parts = (data[:first], data[second : second + size], data[first + size : second], data[first : first + size])
    return b"".join((*parts, data[second + size :]))


def huge(kind: str, data: bytes) -> bytes:
    """The header claims far more pixels than the limit."""
    return _HUGE[kind](data)


def doubled_header(kind: str, data: bytes) -> bytes:
    return data[:32] + data


def cut(kind: str, data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def zeroed_tail(kind: str, data: bytes) -> bytes:
    """Zeros in the second half: a crash leaves this if the length was written before the content."""
    return data[: len(data) // 2] + bytes(len(data) - len(data) // 2)


def wrong_sum(kind: str, data: bytes) -> bytes:
    """A checksum or, where the format has none, a length is wrong."""
    at = _SUMS[kind] % len(data)
    return data[:at] + bytes(byte ^ 0x55 for byte in data[at : at + 2]) + data[at + 2 :]


def trailing_garbage(kind: str, data: bytes) -> bytes:
    return data + random.Random(1).randbytes(5000)


def embedded_nulls(kind: str, data: bytes) -> bytes:
    return data[: len(data) // 3] + bytes(64) + data[len(data) // 3 :]


def without_frames(kind: str, data: bytes) -> bytes:
    """Header and end without the image between them."""
    return data[: len(data) // 10] + data[-_END_BYTES:]


CORRUPTIONS: dict[str, Callable[[str, bytes], bytes]] = {
    function.__name__: function
    for function in (
        *(flipped_bits, swapped_parts, huge, doubled_header, cut),
        *(zeroed_tail, wrong_sum, trailing_garbage, embedded_nulls, without_frames),
    )
}


def _huge_jpeg(data: bytes) -> bytes:
    at = max(data.find(marker) for marker in (b"\xff\xc0\x00\x11", b"\xff\xc2\x00\x11")) + 5
    return _put(data, at, struct.pack(">HH", 65_000, 65_000))


def _huge_png(data: bytes) -> bytes:
    header = struct.pack(">II", 60_000, 60_000) + data[24:29]
    return data[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + data[33:]


def _huge_webp(data: bytes) -> bytes:
    if data[12:16] == b"VP8L":
        return _put(data, 21, struct.pack("<I", 0x0FFF_FFFF))
    return _put(data, 26, struct.pack("<HH", 0x3FFF, 0x3FFF))


def _huge_tiff(data: bytes) -> bytes:
    """Set ImageWidth and ImageLength, whatever type their values have."""
    (directory,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    for at in range(directory + 2, directory + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", data, at)[0] in (0x0100, 0x0101):
            data = _put(data, at + 2, struct.pack("<HII", 4, 1, 60_000))
    return data


def _huge_spatial(data: bytes) -> bytes:
    return _put(data, data.index(b"ispe") + 8, struct.pack(">II", 30_000, 30_000))


_HUGE: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": _huge_jpeg,
    "PNG": _huge_png,
    "WebP": _huge_webp,
    "GIF": lambda data: _put(data, 6, struct.pack("<HH", 65_000, 65_000)),
    "BMP": lambda data: _put(data, 18, struct.pack("<ii", 60_000, 60_000)),
    "TIFF": _huge_tiff,
    "AVIF": _huge_spatial,
    "HEIF": _huge_spatial,
    # 2**30 x 2**30 pixels, each side in 30 bits behind the number of its form.
    "JXL": lambda data: _put(
        data, 2, ((3 << 1 | (2**30 - 1) << 3) | (3 << 36 | (2**30 - 1) << 38)).to_bytes(9, "little")
    ),
}


def _put(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece + data[at + len(piece) :]
