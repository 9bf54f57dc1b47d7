"""What an image's bytes say of themselves (format, orientation, end), read without any decoder."""

import re
import struct
from typing import Literal

#: The formats that are decoded; every other is a wider surface for attacks than it is worth.
FORMATS = ("JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF")

_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
#: The sizes a BMP's second header can have.
_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)
#: The last bytes of a whole file, where the format has such.
_END_MARKS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b"\x00;"}
#: Some cameras and editors append a few bytes to the end mark.
_TAIL_BYTES = 64

#: The tag that says which way up an image is (EXIF 2.32, 4.6.4.A).
ORIENTATION = 0x0112


def kind_of(data: bytes) -> str | None:
    """Which of FORMATS the content is, whatever the file is called; None for all others."""
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    # Two letters are no proof: a BMP's fifteenth byte is the size of one of the known headers.
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    if data[4:8] == b"ftyp":
        # HEIC shares the container, so that the brands decide.
        end = min(int.from_bytes(data[:4]), 256)
        return "AVIF" if {b"avif", b"avis"} & {data[at : at + 4] for at in range(8, end, 4)} else None
    return None


def without_exif(avif: bytes) -> bytes:
    """AVIF is turned by its irot and imir boxes, never by EXIF, and libavif fails when its EXIF is broken: rename
    the EXIF item's type in its item information entry (ISO 14496-12, 8.11.6), so that it is passed over."""
    return re.sub(rb"(infe.{8})Exif", rb"\1skip", avif, flags=re.DOTALL)


def exif_orientation(exif: object) -> int:
    """1 to 8, or 1 where it cannot be told. Reads the one tag out of the first directory (TIFF 6.0, section 2) and
    trips over nothing else in it."""
    if not isinstance(exif, bytes):
        return 1
    # Some writers put the prefix twice.
    tiff = exif.removeprefix(b"Exif\0\0").removeprefix(b"Exif\0\0")
    order = "<" if tiff.startswith(b"II") else ">"
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(order + "HH", tiff, entry)
            if tag == ORIENTATION:
                (value,) = struct.unpack_from(order + {1: "B", 4: "I"}.get(kind, "H"), tiff, entry + 8)
                return int(value) if value in range(1, 9) else 1
    except struct.error:
        pass
    return 1


def ends_early(kind: str, data: bytes) -> bool:
    """Whether a file that failed lacks its end, by its format's own account."""
    if kind in _END_MARKS:
        return _END_MARKS[kind] not in data[-_TAIL_BYTES:]
    if kind == "WebP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if kind == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    if kind == "TIFF":
        return len(data) < _directory_offset(data)
    return kind == "AVIF" and _boxes_end(data) > len(data)


def _directory_offset(tiff: bytes) -> int:
    """Where the first directory is, which compressing writers put behind the image (TIFF 6.0, section 2; BigTIFF)."""
    order: Literal["little", "big"] = "little" if tiff.startswith(b"II") else "big"
    is_big = b"+" in tiff[:4]
    return int.from_bytes(tiff[8:16] if is_big else tiff[4:8], order)


def _boxes_end(data: bytes) -> int:
    """Where the last box of an ISO 14496-12 file says that it ends."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16])
        if length < 8:
            break
        at += length
    return at
