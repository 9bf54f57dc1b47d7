"""Facts from the bytes of an image file (format, end), read without a decoder."""

import re
from typing import Literal

#: The formats that are decoded. Others would widen the attack surface for little use. Of the raws of cameras, the
#: embedded preview is; many others are TIFFs.
FORMATS = ("JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL")
RAWS = ("RAF", "RW2", "ORF", "CR3")

_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\xff\x0a": "JXL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JXL",
    b"FUJIFILMCCD-RAW": "RAF",
    b"IIU\0": "RW2",
    b"IIRO": "ORF",
    b"IIRS": "ORF",
    b"MMOR": "ORF",
}
#: Brands of an ISO 14496-12 file, of which it has one; what an AVIF and an HEIF have in common comes last.
_BRANDS = {
    "AVIF": {b"avif", b"avis"},
    "CR3": {b"crx "},
    "HEIF": {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"},
}
#: Possible sizes of the second header of a BMP.
_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)
#: The last bytes of a complete file, for formats that have an end mark.
_END_MARKS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b"\x00;"}
#: Some cameras and editors append a few bytes after the end mark.
_TAIL_BYTES = 64

#: The orientation tag (EXIF 2.32, 4.6.4.A).
ORIENTATION = 0x0112


def kind_of(data: bytes) -> str | None:
    """The format from FORMATS or RAWS, by content and not by file name; None for other formats."""
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    # Two letters are not enough; byte 14 of a BMP holds the size of a known header.
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    if data[4:8] == b"ftyp":
        # Many formats have this container, so the brands decide.
        end = min(int.from_bytes(data[:4]), 256)
        brands = {data[at : at + 4] for at in range(8, end, 4)}
        return next((kind for kind, own in _BRANDS.items() if own & brands), None)
    return None


def without_exif(avif: bytes) -> bytes:
    """AVIF has its orientation in irot and imir boxes, never in EXIF, and libavif fails if the EXIF is broken. So
    rename the type of the EXIF item in its item information entry (ISO 14496-12, 8.11.6); decoders then skip it."""
    return re.sub(rb"(infe.{8})Exif", rb"\1skip", avif, flags=re.DOTALL)


def ends_early(kind: str, data: bytes) -> bool:
    """Whether a file that cannot be decoded lacks its end, according to its format."""
    if kind in _END_MARKS:
        return _END_MARKS[kind] not in data[-_TAIL_BYTES:]
    if kind == "WebP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if kind == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    if kind == "TIFF":
        return len(data) < _directory_offset(data)
    return (kind in _BRANDS or (kind == "JXL" and data[:1] == b"\0")) and _boxes_end(data) > len(data)


def _directory_offset(tiff: bytes) -> int:
    """Offset of the first directory; compressed files have it after the image data (TIFF 6.0, section 2; BigTIFF)."""
    order: Literal["little", "big"] = "little" if tiff.startswith(b"II") else "big"
    is_big = b"+" in tiff[:4]
    return int.from_bytes(tiff[8:16] if is_big else tiff[4:8], order)


def _boxes_end(data: bytes) -> int:
    """Offset at which the last box of an ISO 14496-12 file ends, according to its length."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16])
        if length < 8:
            break
        at += length
    return at
