"""Converts a Pillow image of any mode to RGB of a wanted size, on a white background."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

#: Behind transparent parts: cut-out products and logos are made for white pages, and black hides dark ones.
BACKGROUND = (255, 255, 255, 255)
#: Antialiased when shrinking, a third faster than bicubic, and without halos at edges.
RESAMPLING = Image.Resampling.BILINEAR
#: Images larger than the wanted size by this factor are box-averaged first; Pillow finds no difference from 3 on.
REDUCING_GAP = 3.0
_BITS_PER_SAMPLE = 0x0102


def on_background(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image as RGB of this width and height, with BACKGROUND behind transparent parts."""
    if is_deep(image):
        return _from_deep(image, size)
    if image.has_transparency_data:
        small = _resize(image if image.mode == "RGBA" else image.convert("RGBA"), size)
        return Image.alpha_composite(Image.new("RGBA", small.size, BACKGROUND), small).convert("RGB")
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    small = _resize(image, size)
    return small if small.mode == "RGB" else small.convert("RGB")


def _from_deep(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Grey of 16 or 32 bits, scaled to 8 bits; Pillow's own conversion clips to white."""
    return Image.fromarray(_grey_levels(image, _resize(image.convert("F"), size))).convert("RGB")


def is_deep(image: Image.Image) -> bool:
    """Whether the image is grey of 16 or 32 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def sixteen_bits(image: Image.Image) -> NDArray[np.uint16]:
    """uint16 [H, W] of an image of a 16-bit mode, in which 65535 is white: of some files, 4095 is."""
    values = np.asarray(image).astype(np.uint16)
    white = _white(image, 0.0)
    return values if white == 65535 else np.rint(values * (65535 / white)).astype(np.uint16)


def _grey_levels(image: Image.Image, values: Image.Image) -> NDArray[np.uint8]:
    """uint8 [H, W] of `values`, which are those of a smaller copy of `image`."""
    grey = np.nan_to_num(np.asarray(values)).astype(np.float64)
    grey -= min(0.0, grey.min())
    levels: NDArray[np.float64] = 255 * (grey / _white(image, grey.max()))
    rounded: NDArray[np.uint8] = np.rint(levels.clip(0, 255)).astype(np.uint8)
    return rounded


def _white(image: Image.Image, brightest: float) -> float:
    """The value of white. For 32 bits there is no rule: the smallest usual value that no pixel exceeds."""
    if image.mode.startswith("I;16"):
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (16,)) if isinstance(image, TiffImageFile) else (16,)
        return float(2 ** bits[0] - 1)
    return next((white for white in (1.0, 255.0, 65535.0) if brightest <= white), brightest)


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, RESAMPLING, reducing_gap=REDUCING_GAP)
