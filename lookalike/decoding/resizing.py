"""Scales images: with SIMD instructions where a library does that, else with Pillow, which has none.

cykooz_resizer computes what Pillow computes, with coefficients of 16 bits instead of 22: no value differs by more than
one level. It reads and writes the memory of Pillow's images, whose layout may change with every version of Pillow but a
patch; so it is used only with the versions that tests/decoding/test_resizing.py compares.
"""

import PIL
from PIL import Image

from lookalike.records import Filter, Part

try:
    from cykooz_resizer import FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer
except ImportError:  # There are no wheels for Linux on ARM.
    PixelType = None

#: Antialiased when shrinking, a third faster than bicubic, and without halos at edges.
RESAMPLING = Filter.BILINEAR
#: Images larger than the wanted size by this factor are box-averaged first; Pillow finds no difference from 3 on.
REDUCING_GAP = 3.0

#: Beginnings of Pillow's versions with the same layout.
_COMPARED = ("12.3.",)
#: Whether the library is there and fits.
HAS_SIMD = PixelType is not None and PIL.__version__.startswith(_COMPARED)
#: Opacity is left to Pillow: it decides how much each colour counts, and what rounding it moves would show.
_MODES = frozenset({"L", "RGB", "CMYK"})


def resized(
    image: Image.Image, size: tuple[int, int], part: Part | None = None, resampling: Filter = RESAMPLING
) -> Image.Image:
    """An image of this width and height, in the same mode, of all or of a part of `image`, which is loaded, in a mode
    that Pillow resizes."""
    if part is not None or resampling is not RESAMPLING:
        return with_pillow(image, size, part, resampling)
    if HAS_SIMD and _is_plain(image) and not _is_reduced(image, size):
        return _with_simd(image, size)
    return with_pillow(image, size)


def with_pillow(
    image: Image.Image, size: tuple[int, int], part: Part | None = None, resampling: Filter = RESAMPLING
) -> Image.Image:
    return image.resize(size, Image.Resampling[resampling.name], box=part, reducing_gap=REDUCING_GAP)


def _is_plain(image: Image.Image) -> bool:
    """Whether the pixels in memory are those that the image says: the library believes the image."""
    return image.mode in _MODES and (image.im.mode, image.im.size) == (image.mode, image.size)


def _is_reduced(image: Image.Image, size: tuple[int, int]) -> bool:
    """Whether Pillow averages boxes first. That takes most of the time then, and bounds the memory for the rest."""
    return any(int(side / wanted / REDUCING_GAP) > 1 for side, wanted in zip(image.size, size, strict=True))


def _with_simd(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    small = Image.new(image.mode, size)
    # A resizer keeps memory from one image to the next, and threads would wait for it: a new one costs a microsecond.
    Resizer().resize_pil(image, small, ResizeOptions(resize_alg=ResizeAlg.convolution(FilterType.bilinear)))
    return small
