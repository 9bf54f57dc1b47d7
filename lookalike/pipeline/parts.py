"""Embeds the images of a chunk in parts, so that the model works while further images are on their way."""

from collections.abc import Callable, Mapping

import numpy as np

from lookalike.records import Pixels, Vector, Vectors

Embed = Callable[[Pixels], Vectors]

#: Images that are embedded while others are awaited: a tenth of a second of work, or less, with the default model.
MEANWHILE = 8


class Parts:
    """The images that were decoded, by the digest of their files, and their vectors."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._left: dict[str, Pixels] = {}
        self._vectors: dict[str, Vector] = {}

    def add(self, digest: str, pixels: Pixels) -> None:
        """An image whose vector will be needed."""
        self._left[digest] = pixels

    def work(self) -> bool:
        """Embed a few images, because nothing else is to be done now; whether there were any."""
        some = list(self._left)[:MEANWHILE]
        self._embed_these(some)
        return bool(some)

    def vectors(self) -> Mapping[str, Vector]:
        """The vector of each image that was added."""
        self._embed_these(list(self._left))
        return self._vectors

    def _embed_these(self, digests: list[str]) -> None:
        if digests:
            pixels = np.stack([self._left.pop(digest) for digest in digests])
            self._vectors.update(zip(digests, self._embed(pixels), strict=True))
