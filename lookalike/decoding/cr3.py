"""Canon's raws of today (CR3): an ISO base media file whose first track is a JPEG of full size."""

from dataclasses import dataclass

from lookalike.decoding.boxes import boxes, number
from lookalike.decoding.encoded import Encoded, Parts
from lookalike.decoding.raw import embedded
from lookalike.decoding.taken import MOST_EXIF_BYTES, taken_of
from lookalike.decoding.tiff_directories import directories, opened, orientation_in

MAX_BOXES = 2000
#: Boxes that contain boxes -> bytes before the first one; Canon's `uuid` has its identifier.
_CONTAINERS = {**dict.fromkeys((b"moov", b"trak", b"mdia", b"minf", b"stbl"), 0), b"uuid": 16}
#: Offsets of a track's images -> the bytes of one.
_OFFSETS = {b"stco": 4, b"co64": 8}
#: Where a description of samples has width and height, behind the header of its table (ISO 14496-12, 12.1.3).
_WIDTH, _HEIGHT = 40, 42
#: EXIF: its first directory, and the one below it, each as a TIFF.
_EXIF, _BELOW = b"CMT1", b"CMT2"


@dataclass
class _Track:
    side: int = 0
    offset: int = 0
    length: int = 0


def reduced(data: bytes) -> Encoded:
    """The JPEG. Raises ImageRejected: `unsupported` if it is not of full size, `bomb` for too many boxes."""
    tracks = [_Track()]
    turned, taken_at_ms = 1, None
    for name, start, end in boxes(data, 0, len(data), Parts("boxes", MAX_BOXES), _CONTAINERS):
        if name == b"trak":
            tracks.append(_Track())
        elif name == b"stsd":
            tracks[-1].side = max(number(data, start + place, 2)[0] for place in (_WIDTH, _HEIGHT))
        elif name == b"stsz":
            # All have one size, or each has its own.
            tracks[-1].length = number(data, start + 4, 4)[0] or number(data, start + 12, 4)[0]
        elif name in _OFFSETS:
            tracks[-1].offset = number(data, start + 8, _OFFSETS[name])[0]
        elif name == _EXIF:
            exif = data[start : min(end, start + MOST_EXIF_BYTES)]
            turned = orientation_in(directories(opened(exif))[0])
        elif name == _BELOW:
            taken_at_ms = taken_of(data[start : min(end, start + MOST_EXIF_BYTES)])
    places = [(track.offset, track.length) for track in tracks if track.length]
    return embedded(data, places, max(track.side for track in tracks), turned, taken_at_ms)
