"""Cuts a region out of an image that may be stored turned, and decoded at a fraction of its size."""

import math
from typing import TypeVar

from PIL import Image

from lookalike.decoding.readers import SIDEWAYS
from lookalike.queries.region import Box
from lookalike.records import Framing, Part

Size = tuple[int, int]

Corners = TypeVar("Corners", Box, Part)

#: Orientations in which the right side of the upright image, or its lower side, is stored first.
_FROM_RIGHT, _FROM_BELOW = frozenset({2, 3, 6, 7}), frozenset({3, 4, 7, 8})


def stored_box(box: Corners, orientation: int, upright: Size) -> Corners:
    """Where the pixels of a box of the upright image, whose width and height are `upright`, stand in the stored one."""
    left, top, right, bottom = box
    if orientation in _FROM_RIGHT:
        left, right = upright[0] - right, upright[0] - left
    if orientation in _FROM_BELOW:
        top, bottom = upright[1] - bottom, upright[1] - top
    return (top, left, bottom, right) if orientation in SIDEWAYS else (left, top, right, bottom)


def drafted(stored: Size, box: Box, side: int) -> Size:
    """The least size to decode an image to, so that the box of it keeps `side` pixels in width and height."""
    return (math.ceil(side * stored[0] / (box[2] - box[0])), math.ceil(side * stored[1] / (box[3] - box[1])))


def cut(image: Image.Image, stored: Size, box: Box) -> Image.Image:
    """The box of a loaded image, which may be smaller than it is stored; at least one pixel."""
    across, down = image.width / stored[0], image.height / stored[1]
    left, top = math.floor(box[0] * across), math.floor(box[1] * down)
    right, bottom = math.ceil(box[2] * across), math.ceil(box[3] * down)
    return image.crop((left, top, min(right, image.width), min(bottom, image.height)))


def seen(framing: Framing, image: Image.Image, stored: Size, orientation: int, side: int) -> Part | None:
    """Of a loaded image, which may be smaller than it is `stored`, the part that becomes a square of `side` pixels;
    None for all of it."""
    if framing.crop is None:
        return None
    upright = stored[::-1] if orientation in SIDEWAYS else stored
    left, top, right, bottom = stored_box(framing.part(upright, side), orientation, upright)
    across, down = image.width / stored[0], image.height / stored[1]
    # Pillow takes no part that rounding moves outside.
    return left * across, top * down, min(right * across, image.width), min(bottom * down, image.height)
