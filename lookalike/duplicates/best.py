"""Which image of a group of duplicates to keep."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeVar


class Comparable(Protocol):
    """What is compared of an image."""

    @property
    def uri(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def size_bytes(self) -> int | None: ...
    @property
    def modified_at(self) -> str | None: ...


Image = TypeVar("Image", bound=Comparable)

Why = Literal["pixels", "bytes", "oldest", "path"]
#: What decides, in this order: the lowest value is best. A copy is often smaller, compressed again, younger, or lies in
#: a folder below that of the original.
REASONS: dict[Why, Callable[[Comparable], Any]] = {
    "pixels": lambda image: -image.width * image.height,
    "bytes": lambda image: -(image.size_bytes or 0),
    "oldest": lambda image: image.modified_at or "9999",
    "path": lambda image: (len(image.uri), image.uri),
}


def best(images: Sequence[Image]) -> tuple[Image, Why]:
    """The image to keep of at least one, and the last of REASONS that was needed to tell it from the others."""
    left = list(images)
    why: Why = "path"
    for reason, value in REASONS.items():
        least = min(map(value, left))
        fewer = [image for image in left if value(image) == least]
        if len(fewer) < len(left):
            left, why = fewer, reason
        if len(left) == 1:
            break
    return left[0], why
