"""Grey of 16 and 32 bits as 8 bits, by a rule in which no single pixel moves the others."""

from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 0x0102, 0x0106, 0
#: Pixels that are converted at a time, so that no second image of 32 bits is in memory.
_BAND_PIXELS = 2**20
#: The share of dark and of bright pixels that do not count, as in QGIS ("cumulative count cut", 2 to 98 %) and in
#: scikit-image's examples of `rescale_intensity`.
_CUT_PERCENT = 2
#: Pixels that are looked at along each side.
_SAMPLED = 1024
#: 32 bits do not tell what white is, but most such images have the values of 1, 8 or 16 bits. Brightness (the 98th
#: percentile) -> white: one of these if the image uses at least half of its range; else a value in between, no jump.
_BRIGHTNESS = np.log([1, 128, 255, 2**15, 2**16 - 1])
_WHITE = np.log([1, 255, 255, 2**16 - 1, 2**16 - 1])


def is_deep(image: Image.Image) -> bool:
    """Whether the image is grey of 16 or 32 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def sixteen_bits(image: Image.Image) -> NDArray[np.uint16]:
    """uint16 [H, W] of an image of a 16-bit mode, in which 65535 is white: of some files, 4095 is."""
    values = np.asarray(image).astype(np.uint16)
    white = _white_of_sixteen(image)
    return values if white == 65535 else np.rint(values * (65535 / white)).astype(np.uint16)


def eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey as mode L. White of 16 bits is their largest value; of 32 bits, see `range_of`."""
    black, white = (0.0, _white_of_sixteen(image)) if image.mode.startswith("I;16") else range_of(image)
    is_inverted = isinstance(image, TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    levels = Image.new("L", image.size)
    rows = max(1, _BAND_PIXELS // image.width)
    # An image may be one row.
    columns = min(image.width, _BAND_PIXELS)
    for top, left in product(range(0, image.height, rows), range(0, image.width, columns)):
        band = image.crop((left, top, min(image.width, left + columns), min(image.height, top + rows)))
        # Hostile values warn: signalling NaNs, and differences that no float32 holds.
        with np.errstate(all="ignore"):
            values = np.nan_to_num(np.asarray(band).astype(np.float32), nan=black, posinf=white, neginf=black)
            scaled = (values.clip(black, white) - black) * (255 / (white - black))
            eight = np.rint(255 - scaled if is_inverted else scaled).astype(np.uint8)
        levels.paste(Image.fromarray(eight), (left, top))
    return levels


def range_of(image: Image.Image) -> tuple[float, float]:
    """The values of black and white of an image of 32 bits. Black is 0, or the 2nd percentile if that is negative."""
    sampled = image.resize((min(_SAMPLED, image.width), min(_SAMPLED, image.height)), Image.Resampling.NEAREST)
    with np.errstate(invalid="ignore"):
        values = np.asarray(sampled).astype(np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    # Without interpolation, so that one pixel of an image of a few does not count.
    low = np.percentile(finite, _CUT_PERCENT, method="higher")
    high = np.percentile(finite, 100 - _CUT_PERCENT, method="lower")
    # Above 16 bits the brightness itself is white.
    white = float(np.exp(np.interp(np.log(max(high, 1)), _BRIGHTNESS, _WHITE)))
    return min(0.0, float(low)), max(white, float(high))


def transparent_value(image: Image.Image) -> Image.Image | None:
    """The opacity (mode L) of deep grey of which one value stands for transparent pixels; None if there is none."""
    value = image.info.get("transparency")
    if not isinstance(value, int):
        return None
    return Image.fromarray((np.asarray(image) != value).astype(np.uint8) * 255)


def _white_of_sixteen(image: Image.Image) -> float:
    bits = image.tag_v2.get(_BITS_PER_SAMPLE, (16,)) if isinstance(image, TiffImageFile) else (16,)
    return float(2 ** bits[0] - 1)
