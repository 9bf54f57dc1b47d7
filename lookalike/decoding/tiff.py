"""Reduces a TIFF to its first full image, and a camera raw to its preview of full size."""

from lookalike.decoding import raw
from lookalike.decoding.encoded import Encoded
from lookalike.decoding.profiles import MAX_PROFILE_BYTES
from lookalike.decoding.taken import taken_of
from lookalike.decoding.tiff_directories import PROFILE, SUBFILE, Directory, directories, opened, orientation_in
from lookalike.decoding.tiff_rewriting import rewritten

#: Bits of NewSubfileType: a smaller copy of another image, and a transparency mask.
_NOT_THE_IMAGE = 1 | 4


def reduced(data: bytes) -> Encoded:
    """The TIFF with its first full image only.

    Raises ImageRejected: `bomb` for too many entries, strips or tiles, or for strips that overlap; `unsupported` for a
    camera raw without a preview of full size.
    """
    found = directories(opened(data))
    if raw.is_raw(found):
        return raw.preview(found)
    chosen = _first_full(found)
    profile = chosen.content(PROFILE, MAX_PROFILE_BYTES + 1)
    orientation = orientation_in(chosen, found[0])
    return Encoded("TIFF", rewritten(chosen), chosen.size, orientation, profile, taken_at_ms=taken_of(data))


def _first_full(found: list[Directory]) -> Directory:
    """The first one that is not marked as a smaller copy; if all are, the largest."""
    images = [directory for directory in found if min(directory.size) > 0] or found[:1]
    full = (directory for directory in images if not directory.value(SUBFILE) & _NOT_THE_IMAGE)
    return next(full, None) or max(images, key=lambda directory: directory.size[0] * directory.size[1])
