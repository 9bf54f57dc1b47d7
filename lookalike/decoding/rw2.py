"""Panasonic's and Leica's raws (RW2, RWL): a TIFF with tags of its own (as in ExifTool's table of PanasonicRaw)."""

from lookalike.decoding.encoded import Encoded
from lookalike.decoding.raw import embedded
from lookalike.decoding.taken import taken_of
from lookalike.decoding.tiff_directories import directories, opened, orientation_in

#: Borders of the image on the sensor: top, left, bottom, right.
_BORDERS = (4, 5, 6, 7)
_JPEG = 0x2E


def reduced(data: bytes) -> Encoded:
    """The JPEG. Raises ImageRejected (`unsupported`) if it is not of full size."""
    first = directories(opened(data))[0]
    top, left, bottom, right = (first.value(tag) for tag in _BORDERS)
    jpeg = first.entries.get(_JPEG)
    places = [(jpeg.at, jpeg.count)] if jpeg else []
    return embedded(data, places, max(bottom - top, right - left, 0), orientation_in(first), taken_of(data))
