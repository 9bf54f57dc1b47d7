"""Shows a JPEG XL to Pillow. Nothing else imports libjxl, and only when such a file comes."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from lookalike.decoding import jxl_header

if TYPE_CHECKING:
    from PIL._imaging import PixelAccess

#: Channels -> the mode.
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
#: Values that are converted at a time; each takes 20 bytes meanwhile.
_AT_ONCE = 2**18


class JxlFile(ImageFile):
    """Takes what `jxl.reduced` leaves of a file."""

    format = "JXL"
    format_description = "JPEG XL"
    _codestream = b""

    def _open(self) -> None:
        assert self.fp is not None
        self._codestream = self.fp.read()
        self._header = jxl_header.read(self._codestream)
        # A header that says it wrongly only costs a conversion: `load` sets the mode.
        self._size, self._mode = (self._header.width, self._header.height), "RGB"
        self.tile = []

    def load(self) -> "PixelAccess | None":
        """Decode the image once; it may be turned then."""
        if self._codestream:
            from imagecodecs import jpegxl_decode

            codestream, self._codestream = self._codestream, b""
            # One thread: there is one worker process per core.
            values = jpegxl_decode(codestream, index=0, numthreads=1)
            if values.ndim == 3 and values.shape[0] == 1 + len(self._header.extra) and values.shape[2] > 4:
                # Grey with a channel that is not opacity comes plane by plane.
                values = values[0]
            image = Image.fromarray(_eight_bits(values, self._header.bits))
            if self._header.is_premultiplied and image.mode == "RGBA":
                image = Image.frombuffer("RGBa", image.size, image.tobytes(), "raw", "RGBa", 0, 1).convert("RGBA")
            self.im, self._size, self._mode = image.im, image.size, image.mode
        return super().load()


def _eight_bits(values: NDArray[np.generic], bits: int) -> NDArray[np.uint8]:
    """uint8 [H, W] or [H, W, channels]; integers have white at their largest value, floats at 1."""
    if values.dtype == np.uint8 and bits == 8:
        return values.astype(np.uint8, copy=False)
    white = 1.0 if values.dtype.kind == "f" else 2.0**bits - 1
    flat, eight = values.reshape(-1), np.empty(values.size, np.uint8)
    for start in range(0, values.size, _AT_ONCE):
        some = np.nan_to_num(flat[start : start + _AT_ONCE].astype(np.float32), nan=0.0, posinf=white, neginf=0.0)
        eight[start : start + _AT_ONCE] = np.rint(some.clip(0, white) * (255 / white))
    return eight.reshape(values.shape)
