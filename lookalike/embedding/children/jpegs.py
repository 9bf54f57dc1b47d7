"""Decodes the JPEGs of chunks for a model that resizes images itself."""

import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np
from PIL import Image

from lookalike.decoding.resizing import resized
from lookalike.embedding.runtimes.gpu_decoder import Decoder
from lookalike.records import Pixels

#: EXIF orientation -> what turns pixels upright, as `lookalike.decoding.readers.UPRIGHT`.
_UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: np.rot90,
}


class Jpegs:
    """Of one device, in one call of its decoder at a time. Threads may share it.

    `fail` ends the process: it is called with a reason if a call has not ended after `limit_s`.
    """

    def __init__(self, decoder: Decoder, fail: Callable[[str], NoReturn], limit_s: float) -> None:
        self._decoder = decoder
        self._fail = fail
        self._limit_s = limit_s
        self._one = threading.Lock()

    def decoded(
        self, files: Sequence[bytes], orientations: Sequence[int], size: int, largest: int
    ) -> list[Pixels | None]:
        """The pixels of each, upright, uint8 RGB of `size` x `size` or with no side longer than `largest`; None for one
        that is left."""
        with self._one:
            watchdog = threading.Timer(
                self._limit_s, self._fail, [f"no image of the GPU's decoder after {self._limit_s:.0f} s"]
            )
            watchdog.daemon = True
            watchdog.start()
            try:
                found = self._decoder(files)
            finally:
                watchdog.cancel()
        turned = zip(found, orientations, strict=True)
        return [None if pixels is None else _upright(_small(pixels(), size, largest), how) for pixels, how in turned]


def _small(pixels: Pixels, size: int, largest: int) -> Pixels:
    """As `lookalike.images` leaves a JPEG: a large one at 1/2, 1/4 or 1/8, with the mean of boxes here; if a side is
    still longer than `largest`, at `size` x `size`."""
    height, width = pixels.shape[:2]
    by = next(scale for scale in (8, 4, 2, 1) if scale == 1 or min(height, width) // (2 * size) >= scale)
    if by == 1 and max(height, width) <= largest:
        return pixels
    image = Image.fromarray(pixels).reduce(by)
    return np.asarray(image if max(image.size) <= largest else resized(image, (size, size)))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    turn = _UPRIGHT.get(orientation)
    return pixels if turn is None else turn(pixels)
