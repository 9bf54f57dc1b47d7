"""Reduces a JPEG to its tables, its frame and its scans (ITU-T T.81, annex B)."""

import re

from lookalike.decoding.encoded import Encoded, Parts
from lookalike.decoding.orientation import orientation_of
from lookalike.decoding.profiles import MAX_PROFILE_BYTES
from lookalike.decoding.taken import taken_of

#: Every scan goes over the whole image, and one that changes nothing takes some bytes. Encoders write about 10, and
#: libtiff also stops at 100 by default (LIBTIFF_JPEG_MAX_ALLOWED_SCAN_NUMBER).
MAX_SCANS = 100
#: Segments before the first scan. 10,000 hold 600 MB.
MAX_SEGMENTS = 10_000
#: Where the size of a preview is looked for; a raw may name many, in one place.
_MOST_BEFORE_SIZE = 4 * 2**20

_SEGMENT_BYTES = 2**16
_MARKER = re.compile(rb"\xff([^\x00\xff])")
#: Ends the compressed data of a scan; restart markers are part of it.
_AFTER_SCAN = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
#: Markers without a length: TEM, restarts, SOI.
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_EOI, _SOS = 0xD9, 0xDA
#: Frame headers: all from SOF0 to SOF15 but DHT, JPG and DAC.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
#: DHT, DAC, DQT, DNL, DRI.
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
#: Before the parts of a profile; their number and how many they are follow (ICC.1:2010, B.4).
_PROFILE = b"ICC_PROFILE\0"


def reduced(data: bytes, start: int = 0, end: int | None = None) -> Encoded:
    """The JPEG between two offsets, without comments, thumbnails, EXIF and other metadata.

    Raises ImageRejected (`bomb`) for more than MAX_SEGMENTS segments or MAX_SCANS scans.
    """
    end = len(data) if end is None else end
    parts = Parts("segments", MAX_SEGMENTS)
    kept = [data[start : start + 2]]
    frame, exif, xmp = b"", b"", b""
    profile: dict[int, memoryview] = {}
    is_progressive = False
    at = start + 2
    while (found := _MARKER.search(data, at, end)) is not None:
        parts.more()
        marker, at = found[1][0], found.end()
        if marker in _ALONE:
            continue
        if marker == _EOI:
            break
        if marker == _SOS:
            is_whole = not is_progressive and data[at + 2 : at + 3] == frame[5:6]
            _check_scans(data, found.start(), end, is_whole=is_whole)
            whole = b"".join((*kept, memoryview(data)[found.start() : end]))
            orientation = orientation_of(exif, xmp)
            taken_at_ms = taken_of(exif)
            return Encoded("JPEG", whole, _size(frame), orientation, _joined(profile), taken_at_ms=taken_at_ms)
        body, segment = _segment(data, at)
        if marker in _FRAMES:
            frame, is_progressive = body, marker in _PROGRESSIVE
        elif marker == _APP1 and body.startswith(b"Exif\0\0") and not exif:
            exif = body
        elif marker == _APP1 and body.startswith(_XMP) and not xmp:
            xmp = body
        elif marker == _APP2 and body.startswith(_PROFILE) and len(body) > 14:
            profile.setdefault(body[12], memoryview(data)[at + 2 : segment])
        if marker in _FRAMES or marker in _TABLES or _is_about_colours(marker, body):
            kept.append(data[found.start() : segment])
        at = segment
    return Encoded("JPEG", b"".join(kept), _size(frame))


def size_of(data: bytes, start: int) -> tuple[int, int]:
    """Width and height of the JPEG at an offset; (0, 0) for one that is no ordinary image, but lossless or broken."""
    at = start + 2
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(data, at, start + _MOST_BEFORE_SIZE)
        if found is None or found[1][0] in (_EOI, _SOS):
            break
        body, end = _segment(data, found.end())
        if found[1][0] in _FRAMES:
            return (_size(body) or (0, 0)) if found[1][0] not in _LOSSLESS else (0, 0)
        at = found.end() if found[1][0] in _ALONE else end
    return 0, 0


def _segment(data: bytes, at: int) -> tuple[bytes, int]:
    """The content of a segment with its length at this offset, and where it ends."""
    end = at + max(2, int.from_bytes(data[at : at + 2]))
    return data[at + 2 : end], end


def _is_about_colours(marker: int, body: bytes) -> bool:
    """Whether a decoder needs the segment to know the colour space (JFIF 1.02; Adobe technical note 5116)."""
    if marker == _APP0:
        return body.startswith(b"JFIF\0") and len(body) >= 14
    return marker == _APP14 and body.startswith(b"Adobe") and len(body) >= 12


def _joined(parts: dict[int, memoryview]) -> bytes:
    """The profile; nothing if a part of it is missing."""
    if not parts or sorted(parts) != list(range(1, next(iter(parts.values()))[13] + 1)):
        return b""
    too_many = MAX_PROFILE_BYTES // _SEGMENT_BYTES + 2
    return b"".join(parts[number][14:] for number in sorted(parts)[:too_many])


def _size(frame: bytes) -> tuple[int, int] | None:
    return (int.from_bytes(frame[3:5]), int.from_bytes(frame[1:3])) if len(frame) >= 6 else None


def _check_scans(data: bytes, start: int, end: int, *, is_whole: bool) -> None:
    """`start`: of the first scan. `is_whole`: it holds the whole image, and libjpeg refuses a second one."""
    # The two bytes may also stand in a segment or behind the image, so a high number is checked.
    if is_whole or data.count(b"\xff\xda", start, end) <= MAX_SCANS:
        return
    scans, parts = Parts("scans", MAX_SCANS), Parts("segments between scans")
    at = start
    while (found := _AFTER_SCAN.search(data, at, end)) is not None and found[1][0] != _EOI:
        parts.more()
        if found[1][0] == _SOS:
            scans.more()
        at = found.end() if found[1][0] in _ALONE else found.end() + int.from_bytes(data[found.end() : found.end() + 2])
