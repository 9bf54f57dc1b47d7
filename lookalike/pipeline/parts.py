"""Embeds the images of a chunk in parts, so that the model works while further images are on their way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from lookalike.errors import ImageRejected
from lookalike.images import UndecodedJpeg
from lookalike.records import Pixels, Vector, Vectors

#: Images of a part for another process: a batch of the runtimes there.
PART = 32
#: A part ends when its pixels, decoded, have this many bytes: a GPU holds those of all its JPEGs together.
PART_BYTES = 2**29
#: Images that are embedded here while others are awaited: a tenth of a second of work, or less, with the default model.
MEANWHILE = 8

#: Parts that are under way elsewhere before the vectors of the first are taken.
MOST_ASKED = 2

#: An image: its pixels, or a JPEG that a GPU decodes.
Image = Pixels | UndecodedJpeg
#: A vector, or why the image has none: a JPEG may turn out to be broken.
Found = Vector | ImageRejected
Embed = Callable[[Pixels], Vectors]
#: Sends images, and returns what waits for their vectors.
Ask = Callable[[Sequence[Image]], Callable[[], Iterable[Found]]]


class Asking(Protocol):
    """An `Embed` that works elsewhere, and can be asked before its vectors are needed; `ask` is None if it cannot."""

    ask: Ask | None

    def __call__(self, pixels: Pixels) -> Vectors: ...


class Parts:
    """The images that were decoded, by the digest of their files, and their vectors.

    A model elsewhere is sent each part as soon as it is whole. One here takes the time in which nothing else is to be
    done. Both get the last part at the end.
    """

    def __init__(self, embed: Embed | Asking) -> None:
        ask: Ask | None = getattr(embed, "ask", None)
        self._is_elsewhere = ask is not None
        self._ask: Ask = ask or (lambda images: lambda: embed(np.stack([np.asarray(one) for one in images])))
        self._left: dict[str, Image] = {}
        self._asked: list[tuple[list[str], Callable[[], Iterable[Found]]]] = []
        self._found: dict[str, Found] = {}

    def add(self, digest: str, image: Image) -> None:
        """An image whose vector will be needed."""
        self._left[digest] = image
        if self._is_elsewhere and (len(self._left) == PART or self._bytes_left() >= PART_BYTES):
            self._ask_for(list(self._left))

    def work(self) -> bool:
        """Embed a few images here, because nothing else is to be done now; whether there were any."""
        if self._is_elsewhere or not self._left:
            return False
        self._ask_for(list(self._left)[:MEANWHILE])
        self._receive()
        return True

    def vectors(self) -> Mapping[str, Found]:
        """The vector of each image that was added, or why it has none."""
        self._ask_for(list(self._left))
        self._receive()
        return self._found

    def _bytes_left(self) -> int:
        return sum(image.nbytes for image in self._left.values())

    def _ask_for(self, digests: list[str]) -> None:
        if digests:
            self._asked.append((digests, self._ask([self._left.pop(digest) for digest in digests])))
            # Whoever waits for vectors keeps the JPEGs that they are of.
            self._receive(most_left=MOST_ASKED)

    def _receive(self, most_left: int = 0) -> None:
        while len(self._asked) > most_left:
            digests, vectors = self._asked.pop(0)
            self._found.update(zip(digests, vectors(), strict=True))
