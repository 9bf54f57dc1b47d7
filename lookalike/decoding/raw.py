"""Camera raws that are TIFFs (DNG, NEF, CR2, ARW, PEF, SRW, ...): the embedded preview of full size, or nothing.

Their first image is a thumbnail. Their pixels are samples of a sensor, which only a raw converter makes an image of.
"""

from dataclasses import dataclass, replace

from lookalike.decoding import jpeg
from lookalike.decoding.encoded import Encoded, Parts
from lookalike.decoding.taken import taken_of
from lookalike.decoding.tiff_directories import (
    COMPRESSION,
    PHOTOMETRIC,
    STRIP_BYTES,
    STRIP_OFFSETS,
    Directory,
    orientation_in,
)
from lookalike.decoding.tiff_rewriting import rewritten
from lookalike.errors import ImageRejected
from lookalike.records import Reason

#: A preview is of full size from this share of the sensor's longer side on; sensors have some pixels around the image.
_FULL = 0.9
#: Previews that are looked at; cameras write up to five.
_MAX_PREVIEWS = 100

_DNG_VERSION = 50706
_PREVIEW_OFFSET, _PREVIEW_BYTES = 513, 514
#: Photometric interpretations: a colour filter array, and samples without one (DNG 1.7, chapter 4).
_OF_SENSORS = frozenset({32803, 34892})
#: Compressions of sensor data: Sony, Pentax, Nikon, Kodak, Samsung (as in ExifTool's table of the tag).
_OF_CAMERAS = frozenset({32767, 32769, 32770, 34713, 65000, 65535})
#: Old-style and new-style JPEG.
_JPEGS = frozenset({6, 7})
#: Behind the header of Canon's CR2, whose first image is a JPEG of full size.
_CANON = b"CR"


@dataclass(frozen=True)
class _Preview:
    """An image in a raw: a JPEG between two offsets, or else the pixels of the directory."""

    directory: Directory
    size: tuple[int, int]
    jpeg: tuple[int, int] | None = None

    def encoded(self) -> Encoded:
        if self.jpeg is None:
            return Encoded("TIFF", rewritten(self.directory), self.size)
        return jpeg.reduced(self.directory.file.data, *self.jpeg)


def is_raw(found: list[Directory]) -> bool:
    """Whether these are the directories of a camera raw."""
    first = found[0]
    return first.file.data[8:10] == _CANON or _DNG_VERSION in first.entries or any(map(_is_of_a_sensor, found))


def preview(found: list[Directory]) -> Encoded:
    """The largest preview of a camera raw, turned as the raw says, and taken when it says.

    Raises ImageRejected (`unsupported`) if none is as large as the image.
    """
    wanted = max((max(directory.size) for directory in found if _is_of_a_sensor(directory)), default=0)
    if found[0].file.data[8:10] == _CANON:
        wanted = max(wanted, *found[0].size)
    previews = [preview for directory in found if (preview := _preview(directory)) is not None]
    largest = max(previews, key=lambda preview: max(preview.size), default=None)
    check_full(largest.size if largest else (0, 0), wanted)
    assert largest is not None
    return _told(largest.encoded(), orientation_in(found[0]), taken_of(found[0].file.data))


def embedded(
    data: bytes, places: list[tuple[int, int]], wanted: int, turned: int = 1, taken_at_ms: int | None = None
) -> Encoded:
    """The largest of the JPEGs at these offsets and of these lengths, turned as the raw says, else as it says itself;
    the same for when it was taken.

    Raises ImageRejected (`unsupported`) if its longer side is much less than `wanted`, or that is not known.
    """
    Parts("previews", _MAX_PREVIEWS).more(len(places))
    found = [(jpeg.size_of(data, at), at, length) for at, length in places if data[at : at + 2] == b"\xff\xd8"]
    size, at, length = max(found, key=lambda preview: max(preview[0]), default=((0, 0), 0, 0))
    check_full(size, wanted)
    return _told(jpeg.reduced(data, at, min(len(data), at + length)), turned, taken_at_ms)


def _told(preview: Encoded, turned: int, taken_at_ms: int | None) -> Encoded:
    """With what the raw says, where it says something."""
    return replace(
        preview,
        orientation=preview.orientation if turned == 1 else turned,
        taken_at_ms=preview.taken_at_ms if taken_at_ms is None else taken_at_ms,
    )


def check_full(size: tuple[int, int], wanted: int) -> None:
    """Raises ImageRejected (`unsupported`) for a preview that is smaller than the image."""
    if not wanted or max(size) < _FULL * wanted:
        has = f"; its largest has {size[0]} x {size[1]}" if max(size) else ""
        raise ImageRejected(
            Reason.UNSUPPORTED, f"a camera raw without a preview of full size{has}; develop it to JPEG or TIFF"
        )


def _is_of_a_sensor(directory: Directory) -> bool:
    return directory.value(PHOTOMETRIC) in _OF_SENSORS or directory.value(COMPRESSION) in _OF_CAMERAS


def _preview(directory: Directory) -> _Preview | None:
    """The image of a directory that a viewer shows."""
    if _is_of_a_sensor(directory):
        return None
    data = directory.file.data
    offset, length = directory.value(_PREVIEW_OFFSET), directory.value(_PREVIEW_BYTES)
    offsets = directory.values(STRIP_OFFSETS, 2)
    if not length and directory.value(COMPRESSION) in _JPEGS and len(offsets) == 1:
        offset, length = offsets[0], directory.value(STRIP_BYTES)
    if length and data[offset : offset + 2] == b"\xff\xd8":
        return _Preview(directory, jpeg.size_of(data, offset), (offset, min(len(data), offset + length)))
    # Lossless JPEG is what sensors' data are packed with.
    return _Preview(directory, directory.size) if directory.value(COMPRESSION) not in _JPEGS else None
