"""Reduces a JPEG XL to its codestream (ISO 18181-2), and checks what that claims before libjxl sees it."""

from itertools import islice

from lookalike.decoding import cicp, jxl_frames, jxl_header, jxl_icc
from lookalike.decoding.boxes import boxes
from lookalike.decoding.encoded import Encoded, Parts
from lookalike.decoding.jxl_bits import Bits
from lookalike.decoding.jxl_header import Header
from lookalike.decoding.taken import MOST_EXIF_BYTES, taken_in_item
from lookalike.errors import ImageRejected
from lookalike.records import Reason

#: Boxes of a file; a codestream may come in pieces.
MAX_BOXES = 10_000
#: Channels beside the colours; a decoder allocates four bytes of a pixel for each.
MAX_EXTRA = 4

_CODESTREAM = b"\xff\x0a"
_WHOLE, _PART = b"jxlc", b"jxlp"
_EXIF = b"Exif"
#: Boxes among which EXIF is looked for; it may stand before or behind the codestream.
_MOST_BEFORE_EXIF = 100
#: Of a part, its number.
_NUMBER_BYTES = 4
#: Bytes that libjxl and the conversion to 8 bits need for a pixel with floats, of the 13 that are allowed.
_FLOAT_WEIGHT = (26, 13)


def reduced(data: bytes) -> Encoded:
    """The codestream without EXIF, XMP and what restores a JPEG. libjxl turns the image as the codestream says.

    Raises ImageRejected: `bomb` for too many boxes, frames, channels or pixels, `unsupported` for inks.
    """
    codestream = data if data.startswith(_CODESTREAM) else _joined(data)
    header = jxl_header.read(codestream)
    if header.has_black:
        raise ImageRejected(Reason.UNSUPPORTED, "JXL: inks (CMYK) are not supported")
    Parts("channels beside the colours", MAX_EXTRA).more(len(header.extra))
    bits = Bits(codestream, header.end)
    profile = jxl_icc.read(bits) if header.has_profile else b""
    claimed = jxl_frames.pixels(codestream, bits.at, header)
    if is_float(header):
        claimed = claimed * _FLOAT_WEIGHT[0] // _FLOAT_WEIGHT[1]
    colours = _profile(header, profile)
    taken_at_ms = None if codestream is data else taken_in_item(_exif(data))
    return Encoded("JXL", codestream, (header.width, header.height), 1, colours, claimed, taken_at_ms)


def is_float(header: Header) -> bool:
    """Whether libjxl gives floats for it."""
    return header.is_float or header.bits > 16


def _joined(data: bytes) -> bytes:
    pieces: list[memoryview] = []
    for name, start, end in boxes(data, 0, len(data), Parts("boxes", MAX_BOXES), {}):
        if name in (_WHOLE, _PART):
            pieces.append(memoryview(data)[start + (_NUMBER_BYTES if name == _PART else 0) : end])
        if name == _WHOLE:
            break
    codestream = b"".join(pieces)
    if not codestream.startswith(_CODESTREAM):
        raise ValueError("truncated: no codestream" if len(codestream) < 2 else "no codestream")
    return codestream


def _exif(data: bytes) -> bytes:
    """The EXIF of a container; nothing if it is compressed."""
    found = islice(boxes(data, 0, len(data), Parts("boxes", MAX_BOXES), {}), _MOST_BEFORE_EXIF)
    places = (data[start : min(end, start + MOST_EXIF_BYTES)] for name, start, end in found if name == _EXIF)
    return next(places, b"")


def _profile(header: Header, profile: bytes) -> bytes:
    """Of what libjxl gives: with an ICC profile it makes sRGB of colours that are stored as XYB."""
    if header.has_profile:
        return b"" if header.is_xyb else profile
    return cicp.profile(*header.colours)
