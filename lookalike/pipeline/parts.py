"""Embeds the images of a chunk in parts, so that the model works while further images are on their way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from lookalike.records import Pixels, Vector, Vectors

#: Images of a part for another process: a batch of the runtimes there.
PART = 32
#: Images that are embedded here while others are awaited: a tenth of a second of work, or less, with the default model.
MEANWHILE = 8

Embed = Callable[[Pixels], Vectors]
#: Sends images, and returns what waits for their vectors.
Ask = Callable[[Sequence[Pixels]], Callable[[], Vectors]]


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
        self._ask = ask or (lambda images: lambda: embed(np.stack(images)))
        self._left: dict[str, Pixels] = {}
        self._asked: list[tuple[list[str], Callable[[], Vectors]]] = []
        self._vectors: dict[str, Vector] = {}

    def add(self, digest: str, pixels: Pixels) -> None:
        """An image whose vector will be needed."""
        self._left[digest] = pixels
        if self._is_elsewhere and len(self._left) == PART:
            self._ask_for(list(self._left))

    def work(self) -> bool:
        """Embed a few images here, because nothing else is to be done now; whether there were any."""
        if self._is_elsewhere or not self._left:
            return False
        self._ask_for(list(self._left)[:MEANWHILE])
        self._receive()
        return True

    def vectors(self) -> Mapping[str, Vector]:
        """The vector of each image that was added."""
        self._ask_for(list(self._left))
        self._receive()
        return self._vectors

    def _ask_for(self, digests: list[str]) -> None:
        if digests:
            self._asked.append((digests, self._ask([self._left.pop(digest) for digest in digests])))

    def _receive(self) -> None:
        for digests, vectors in self._asked:
            self._vectors.update(zip(digests, vectors(), strict=True))
        self._asked.clear()
