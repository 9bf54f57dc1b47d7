"""How an image becomes the square that a model takes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

#: Left, top, right and bottom, in pixels and parts of them.
Part = tuple[float, float, float, float]


class Filter(StrEnum):
    """The filters of Pillow."""

    NEAREST = "nearest"
    BOX = "box"
    BILINEAR = "bilinear"
    HAMMING = "hamming"
    BICUBIC = "bicubic"
    LANCZOS = "lanczos"


@dataclass(frozen=True)
class Framing:
    """What is seen of an image, and the filter that scales it.

    Without `crop`, the whole image is scaled to the square. With it, the image is scaled until the model's square is
    this share of its shorter side, or of both sides if it `is_squeezed` into a square before; the middle is cut out.
    """

    filter: Filter = Filter.BILINEAR
    crop: float | None = None
    is_squeezed: bool = False

    def part(self, size: tuple[int, int], side: int) -> Part:
        """The pixels of an image of this width and height that become a square of `side` pixels.

        Lengths are rounded as in CLIPImageProcessor of Hugging Face Transformers.
        """
        if self.crop is None:
            return 0.0, 0.0, float(size[0]), float(size[1])
        (left, right), (top, bottom) = (self._span(length, min(size), side) for length in size)
        return left, top, right, bottom

    def _span(self, length: int, shorter: int, side: int) -> tuple[float, float]:
        scaled = round(side / (self.crop or 1))
        if not self.is_squeezed:
            scaled = scaled * length // shorter
        start = (scaled - side) // 2
        return start * length / scaled, (start + side) * length / scaled

    def decoded(self, side: int) -> int:
        """How many pixels a side of the image needs, so that the part has `side`."""
        return round(side / (self.crop or 1))


#: The whole image, scaled as the models that are known by name expect it.
WHOLE = Framing()


class Frame(NamedTuple):
    """What a model sees: a square of `size` pixels a side, and how an image becomes it."""

    size: int
    framing: Framing = WHOLE
