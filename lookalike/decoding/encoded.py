"""What the modules of the formats return: a file without anything beside its pixels, and the facts that stood there."""

from dataclasses import dataclass

from lookalike.errors import ImageRejected
from lookalike.records import Reason

#: Chunks, segments, blocks or directories of one file. Files of 100 MiB that encoders write have some thousands, and
#: walking over this many takes 0.1 s.
MAX_PARTS = 100_000


@dataclass(frozen=True)
class Encoded:
    """`data`: a file of the format `kind` that holds what its pixels need. `size`: width and height of the image as
    stored, if they are known before it is decoded. `orientation`: as in EXIF, 1 to 8; None if Pillow knows it.
    `profile`: the ICC profile of its colours. `claimed_pixels`: of the largest part, if a decoder allocates more than
    the size says. `taken_at_ms`: when the photograph was taken, as `taken_of` reads it."""

    kind: str
    data: bytes
    size: tuple[int, int] | None = None
    orientation: int | None = 1
    profile: bytes = b""
    claimed_pixels: int = 0
    taken_at_ms: int | None = None


class Parts:
    """Counts what a file consists of."""

    def __init__(self, what: str, most: int = MAX_PARTS) -> None:
        self._what = what
        self._most = most
        self._seen = 0

    def more(self, count: int = 1) -> None:
        """Raises ImageRejected (`bomb`) when there are too many."""
        self._seen += count
        if self._seen > self._most:
            raise too_much(f"more than {self._most} {self._what}")


def too_much(detail: str) -> ImageRejected:
    """For a file that would take more work or memory than an image needs."""
    return ImageRejected(Reason.BOMB, detail)
