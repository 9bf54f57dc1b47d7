"""Decodes the JPEGs of chunks for a model that resizes images itself."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
from PIL import Image

from lookalike.decoding.resizing import resized
from lookalike.embedding.children.limits import limited
from lookalike.embedding.runtimes import gpu, gpu_decoder
from lookalike.embedding.runtimes.gpu_decoder import Decoder, NvImageCodec
from lookalike.records import Pixels

log = logging.getLogger(__name__)

#: A library starts, and decodes what is drawn to try it, within this time.
START_S = 60.0

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

    `fail` ends the process: it is called with a reason if a call has not ended after `limit_s`, and for an error that
    could be taken for one of the connection.
    """

    def __init__(self, decoder: Decoder, fail: Callable[[str], NoReturn], limit_s: float) -> None:
        self._decoder = decoder
        self._fail = fail
        self._limited = partial(limited, limit_s, fail, "no image of the GPU's decoder")
        self._one = threading.Lock()

    def decoded(
        self, files: Sequence[bytes], orientations: Sequence[int], size: int, largest: int
    ) -> list[Pixels | None]:
        """The pixels of each, upright, uint8 RGB of `size` x `size` or with no side longer than `largest`; None for one
        that is left."""
        try:
            with self._one, self._limited():
                found = self._decoder(files)
            turned = zip(found, orientations, strict=True)
            # Copying from the device waits for it.
            with self._limited():
                return [None if one is None else _upright(_small(one(), size, largest), how) for one, how in turned]
        except (EOFError, OSError) as error:
            self._fail(gpu.reason(error))


def with_library(
    began: Path, fail: Callable[[str], NoReturn], limit_s: float, make: Callable[[], Decoder] = NvImageCodec
) -> Jpegs | None:
    """With nvImageCodec, if it can be used. `began`: a file that is there while the library starts, so that the next
    process starts without one that ended this process, or hung."""
    if began.exists():
        log.warning("JPEGs are decoded on the CPU: the last start of nvImageCodec ended the process, or took too long.")
        return None
    # Without it, on a full disk, the next process tries as well.
    with suppress(OSError):
        began.touch()
    with limited(START_S, fail, "nvImageCodec has not started"):
        decoder = gpu_decoder.usable(make)
    began.unlink(missing_ok=True)
    return Jpegs(decoder, fail, limit_s) if decoder else None


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
