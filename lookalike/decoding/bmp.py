"""The size of a BMP, and its run-length coding, which Pillow unpacks byte by byte in Python.

The coding: Microsoft, "Bitmap Compression" (Win32, Windows GDI).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import PyDecoder

from lookalike.decoding.encoded import Encoded, Parts

#: The name under which Pillow finds the decoder.
RUNS_DECODER = "lookalike_bmp_runs"
#: Ends of lines, jumps and literal runs of one file; this many take some seconds.
MAX_ESCAPES = 1_000_000
#: Runs that are unpacked together.
_RUNS = 4096

_OLD_HEADER_BYTES = 12
_END_OF_LINE, _END, _JUMP = 0, 1, 2

Values = NDArray[np.uint8]


def reduced(data: bytes) -> Encoded:
    """A BMP has nothing beside its pixels that Pillow reads."""
    if int.from_bytes(data[14:18], "little") == _OLD_HEADER_BYTES:
        width, height = (int.from_bytes(data[at : at + 2], "little") for at in (18, 20))
    else:
        width, height = (int.from_bytes(data[at : at + 4], "little", signed=True) for at in (18, 22))
    return Encoded("BMP", data, (abs(width), abs(height)))


class RunsDecoder(PyDecoder):
    """Pillow calls it with the place of the pixels in the file."""

    _pulls_fd = True

    def decode(self, buffer: Image.DecoderInput) -> tuple[int, int]:
        """Set all pixels at once."""
        assert self.fd is not None
        _, is_four_bits, direction = self.args
        # Every pixel as a run of its own, and some escapes.
        most = 4 * self.state.xsize * self.state.ysize + 2**20
        pixels = unpacked(self.fd.read(most), self.state.xsize, self.state.ysize, is_four_bits=is_four_bits)
        self.set_as_raw(pixels, "L" if self.mode == "L" else "P", (0, direction))
        return -1, 0


Image.register_decoder(RUNS_DECODER, RunsDecoder)


def unpacked(coded: bytes, width: int, height: int, *, is_four_bits: bool) -> bytearray:
    """The palette indices, `width` * `height` bytes in the order of the file.

    Raises ImageRejected (`bomb`) for more than MAX_ESCAPES escapes, ValueError for a file that ends before its pixels.
    """
    # Everything begins at an even offset. A pair is a count and a value or, if the count is 0, an escape.
    pairs = np.frombuffer(coded, np.uint8, len(coded) // 2 * 2).reshape(-1, 2)
    parts = Parts("escapes", MAX_ESCAPES)
    pixels = bytearray(width * height)
    unit = 4 if is_four_bits else 2
    at = x = y = 0
    while y < height:
        parts.more()
        if at >= len(pairs):
            raise ValueError("truncated run-length coding")
        if coded[2 * at]:
            runs = _up_to_escape(pairs[at : at + _RUNS])
            x = _put(pixels, _unpacked_runs(runs[: width - x], is_four_bits)[: width - x], x, y, width)
            at += len(runs)
            continue
        kind, at = coded[2 * at + 1], at + 1
        if kind == _END:
            break
        if kind == _END_OF_LINE:
            x, y = 0, y + 1
        elif kind == _JUMP:
            x, y, at = min(width, x + coded[2 * at]), y + coded[2 * at + 1], at + 1
        else:
            values = pairs[at : at + -(-kind // unit)].ravel()
            x = _put(pixels, (_halves(values) if is_four_bits else values)[: min(kind, width - x)], x, y, width)
            at += -(-kind // unit)
    return pixels


def _up_to_escape(pairs: Values) -> Values:
    is_escape = pairs[:, 0] == 0
    return pairs[: int(is_escape.argmax())] if is_escape.any() else pairs


def _put(pixels: bytearray, values: Values, x: int, y: int, width: int) -> int:
    start = y * width + x
    pixels[start : start + len(values)] = values.tobytes()
    return x + len(values)


def _unpacked_runs(pairs: Values, is_four_bits: bool) -> Values:
    """The pixels of runs; with four bits, a run alternates between two values."""
    counts, values = pairs[:, 0].astype(np.int64), pairs[:, 1]
    if not is_four_bits:
        return np.repeat(values, counts)
    offsets = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
    both = np.repeat(values, counts)
    return np.where(offsets % 2 == 0, both >> 4, both & 15).astype(np.uint8)


def _halves(values: Values) -> Values:
    return np.stack((values >> 4, values & 15), axis=1).ravel()
