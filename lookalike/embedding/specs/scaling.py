"""The numbers by which RGB values become the input of a model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Channels: TypeAlias = tuple[float, float, float]

#: The largest value of a pixel.
WHITE = 255.0
#: Decimals that count: the same numbers are written in several ways (.485 of 1, 123.675 of 255).
_DECIMALS = 6
#: Of a std of values in [0, 255].
_SMALLEST = 1e-3


@dataclass(frozen=True)
class Scaling:
    """(x - mean) / std for each of red, green and blue, where x is in [0, 255]. `bgr`: the model takes blue first.

    `mean` and `std` are of red, green and blue, whatever the model takes first.
    """

    mean: Channels
    std: Channels
    bgr: bool = False

    @classmethod
    def from_values(cls, mean: Any, std: Any, bgr: Any = False, white: float = WHITE) -> "Scaling":
        """Mean and standard deviation, each of one number or of three, for values in [0, `white`].

        Raises ValueError, as a clause, for what cannot be a scaling.
        """
        means, stds = _three("mean", mean), _three("std", std)
        if not math.isfinite(white) or white <= 0 or math.isinf(WHITE / white):
            raise ValueError(f"values from 0 to {white:g} are none")
        if not all(-white <= number <= white for number in means):
            raise ValueError(f"a mean of {max(means, key=abs):g} does not fit values from 0 to {white:g}")
        if not all(number * WHITE / white > _SMALLEST for number in stds):
            raise ValueError("each std must be above 0")
        return cls(_times(WHITE / white, means), _times(WHITE / white, stds), bool(bgr))

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest number that the model gets."""
        pairs = list(zip(self.mean, self.std, strict=True))
        return min((0 - mean) / std for mean, std in pairs), max((WHITE - mean) / std for mean, std in pairs)


def _three(what: str, numbers: Any) -> Channels:
    each: Sequence[Any] = numbers if isinstance(numbers, (list, tuple)) else [numbers]
    if len(each) == 1:
        each = [each[0]] * 3
    is_number = all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in each)
    if len(each) != 3 or not is_number or not all(map(math.isfinite, each)):
        raise ValueError(f"{what} is one number, or one for each of red, green and blue")
    red, green, blue = map(float, each)
    return red, green, blue


def _times(factor: float, numbers: Channels) -> Channels:
    red, green, blue = (round(number * factor, _DECIMALS) for number in numbers)
    return red, green, blue
