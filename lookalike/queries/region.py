"""A part of an image, as the query that a person means: written as in the IIIF Image API 3.0, section 4.1."""

import math
import re
from dataclasses import dataclass

from lookalike.errors import BadQuery, ImageRejected
from lookalike.records import Reason
from lookalike.shown import shown

#: Left, top, right and bottom, in pixels.
Box = tuple[int, int, int, int]

_FORM = re.compile(r"(pct:)?(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)", re.ASCII)
#: Characters of a region as text; longer numbers say nothing more.
_MAX_LENGTH = 100


@dataclass(frozen=True)
class Region:
    """A rectangle of the upright image: `x` and `y` are its upper left corner. In pixels of the original or, with
    `is_percent`, in percent of its width and height."""

    x: float
    y: float
    width: float
    height: float
    is_percent: bool = False

    def __str__(self) -> str:
        numbers = ",".join(f"{number:.15g}" for number in (self.x, self.y, self.width, self.height))
        return f"pct:{numbers}" if self.is_percent else numbers

    def box(self, size: tuple[int, int]) -> Box:
        """The pixels that it touches in an image of this width and height; what lies outside is left out. Raises
        ImageRejected (`bad_region`) if none is left."""
        left, right = self._span(self.x, self.width, size[0])
        top, bottom = self._span(self.y, self.height, size[1])
        if left >= right or top >= bottom:
            raise ImageRejected(
                Reason.BAD_REGION, f"the region {self} lies outside the image of {size[0]} x {size[1]} pixels"
            )
        return left, top, right, bottom

    def _span(self, start: float, length: float, side: int) -> tuple[int, int]:
        unit = side / 100 if self.is_percent else 1.0
        return math.floor(start * unit), min(side, math.ceil((start + length) * unit))


#: All of an image.
WHOLE = Region(0, 0, 100, 100, is_percent=True)


def parse_region(text: str) -> Region:
    """The region of "x,y,width,height", in pixels, or "pct:x,y,width,height". Raises BadQuery."""
    form = _FORM.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if form is None:
        raise BadQuery(
            f"{shown(text)} is no region.", 'Write x,y,width,height in pixels, or "pct:10,10,50,50" in percent.'
        )
    x, y, width, height = map(float, form.groups()[1:])
    region = Region(x, y, width, height, is_percent=form[1] is not None)
    if not region.width or not region.height:
        raise BadQuery(f"The region {shown(text)} has no area.", "Give a width and a height above 0.")
    return region
