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
#: What decides, in this order: the lowest value is best, and None is not known. A copy is often smaller, compressed
#: again, younger, or lies in a folder below that of the original.
REASONS: dict[Why, Callable[[Comparable], Any]] = {
    "pixels": lambda image: -image.width * image.height,
    "bytes": lambda image: None if image.size_bytes is None else -image.size_bytes,
    "oldest": lambda image: image.modified_at,
    "path": lambda image: (len(image.uri), image.uri),
}
#: The same for people.
SAID: dict[Why, str] = {
    "pixels": "the most pixels",
    "bytes": "the largest file",
    "oldest": "the oldest file",
    "path": "the shortest path",
}


def best(images: Sequence[Image]) -> tuple[Image, Why]:
    """The image to keep of at least one, and the last of REASONS that was needed to tell it from the others. What is
    not known of all of those that are left tells nothing: a file of unknown size may be the largest one."""
    left = list(images)
    why: Why = "path"
    for reason, value in REASONS.items():
        values = [value(image) for image in left]
        if None in values:
            continue
        least = min(values)
        fewer = [image for image, each in zip(left, values, strict=True) if each == least]
        if len(fewer) < len(left):
            left, why = fewer, reason
        if len(left) == 1:
            break
    return left[0], why
