"""Says in words what a drawing of the demo shows: its commonest colour, and its class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The colours that have a name, in RGB.
COLOURS = {
    "red": (200, 35, 40),
    "orange": (240, 140, 30),
    "yellow": (245, 215, 70),
    "green": (70, 145, 65),
    "teal": (40, 150, 150),
    "blue": (45, 85, 180),
    "purple": (120, 50, 150),
    "pink": (240, 160, 195),
    "brown": (110, 65, 35),
    "black": (20, 20, 24),
    "grey": (128, 128, 128),
    "white": (245, 243, 238),
}
#: What people write; {colour} and {shape} are filled in.
FORMS = ("{colour} {shape}", "a picture of {shape} in {colour}", "{shape}, mostly {colour}")
#: As few pixels are enough.
_EVERY = 4
TABLE: NDArray[np.float32] = np.array(list(COLOURS.values()), np.float32)


def colour_of(pixels: NDArray[Any]) -> str:
    """The name that fits most of the pixels, uint8 [H, W, 3]."""
    flat = pixels[::_EVERY, ::_EVERY].reshape(-1, 3).astype(np.float32)
    distances = ((flat[:, None] - TABLE[None]) ** 2).sum(axis=2)
    counts = np.bincount(distances.argmin(axis=1), minlength=len(TABLE))
    return list(COLOURS)[int(counts.argmax())]


def caption(colour: str, label: str, form: int = 0) -> str:
    """The words for a drawing of this class, in one of the forms."""
    return FORMS[form % len(FORMS)].format(colour=colour, shape=label.replace("-", " "))
