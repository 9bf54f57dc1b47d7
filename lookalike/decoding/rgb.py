"""Converts a Pillow image of any mode to RGB of a wanted size, in sRGB and on a white background."""

from collections.abc import Callable
from functools import partial

from PIL import Image

from lookalike.decoding.levels import eight_bits, is_deep, transparent_value
from lookalike.decoding.profiles import to_srgb
from lookalike.decoding.resizing import RESAMPLING, resized
from lookalike.records import Filter, Part

#: Behind transparent parts: cut-out products and logos are made for white pages, and black hides dark ones.
BACKGROUND = (255, 255, 255, 255)
#: Modes that are resized as they are.
_RESIZED = frozenset({"L", "RGB", "RGBA", "CMYK"})


def on_background(
    image: Image.Image,
    size: tuple[int, int],
    profile: bytes = b"",
    part: Part | None = None,
    resampling: Filter = RESAMPLING,
) -> Image.Image:
    """The image, or a part of it, as RGB of this width and height, with BACKGROUND behind transparent parts. Its
    colours are those of the ICC `profile`, if it has one; converting the few pixels of the result costs nothing beside
    decoding."""
    small = to_srgb(_scaled(image, partial(resized, size=size, part=part, resampling=resampling)), profile)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, BACKGROUND), small)
    return small if small.mode == "RGB" else small.convert("RGB")


def is_plain(image: Image.Image, profile: bytes) -> bool:
    """Whether `on_background` would only resize it."""
    return image.mode == "RGB" and not image.has_transparency_data and not profile


def _scaled(image: Image.Image, scaled: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """In one of the modes that are resized."""
    if is_deep(image):
        small, opacity = scaled(eight_bits(image)), transparent_value(image)
        if opacity is not None:
            small = small.convert("RGB")
            small.putalpha(scaled(opacity))
        return small
    if image.has_transparency_data:
        return scaled(image if image.mode == "RGBA" else image.convert("RGBA"))
    if image.mode in _RESIZED:
        return scaled(image)
    return scaled(image.convert("L" if image.mode == "1" else "RGB"))
