"""Converts a Pillow image of any mode to RGB of a wanted size, in sRGB and on a white background."""

from PIL import Image

from lookalike.decoding.levels import eight_bits, is_deep, transparent_value
from lookalike.decoding.profiles import to_srgb

#: Behind transparent parts: cut-out products and logos are made for white pages, and black hides dark ones.
BACKGROUND = (255, 255, 255, 255)
#: Antialiased when shrinking, a third faster than bicubic, and without halos at edges.
RESAMPLING = Image.Resampling.BILINEAR
#: Images larger than the wanted size by this factor are box-averaged first; Pillow finds no difference from 3 on.
REDUCING_GAP = 3.0
#: Modes that are resized as they are.
_RESIZED = frozenset({"L", "RGB", "RGBA", "CMYK"})


def on_background(image: Image.Image, size: tuple[int, int], profile: bytes = b"") -> Image.Image:
    """The image as RGB of this width and height, with BACKGROUND behind transparent parts. Its colours are those of the
    ICC `profile`, if it has one; converting the few pixels of the result costs nothing beside decoding."""
    small = to_srgb(_resized(image, size), profile)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, BACKGROUND), small)
    return small if small.mode == "RGB" else small.convert("RGB")


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """In one of the modes that are resized."""
    if is_deep(image):
        small, opacity = _resize(eight_bits(image), size), transparent_value(image)
        if opacity is not None:
            small = small.convert("RGB")
            small.putalpha(_resize(opacity, size))
        return small
    if image.has_transparency_data:
        return _resize(image if image.mode == "RGBA" else image.convert("RGBA"), size)
    if image.mode in _RESIZED:
        return _resize(image, size)
    return _resize(image.convert("L" if image.mode == "1" else "RGB"), size)


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, RESAMPLING, reducing_gap=REDUCING_GAP)
