"""The query module: a picture in, the ones that look like it out; the same model, decoder and index as the workers'."""

from collections.abc import Callable, Mapping
from functools import cached_property

from lookalike.embedding import Embedder
from lookalike.errors import ModelMismatch, NotStored
from lookalike.images import Picture
from lookalike.index.base import Index
from lookalike.records import Match, Vector

Filters = Mapping[str, str] | None


class Searcher:
    """Answers from one index. The model is loaded with the first picture: a search by id needs none."""

    def __init__(self, index: Index, *, load: Callable[[], Embedder], decode: Callable[[bytes], Picture]) -> None:
        self._index = index
        self._load = load
        self._decode = decode

    def like_image(self, data: bytes, k: int, filters: Filters = None) -> list[Match]:
        """The k pictures most like an encoded one, best first.

        Raises ImageRejected for what is no picture, ModelMismatch, and what the index raises.
        """
        return self._index.search(self.embed(data), k, filters)

    def like_stored(self, id: str, k: int, filters: Filters = None) -> list[Match]:
        """The k pictures most like a stored one, itself left out. Raises NotStored."""
        document = self._index.get(id)
        if document is None:
            raise NotStored(id, self._index.name)
        matches = self._index.search(document.image_embedding, k + 1, filters)
        return [match for match in matches if match.id != id][:k]

    def embed(self, data: bytes) -> Vector:
        """The vector, float32 [D], of an encoded picture."""
        pixels = self._decode(data).pixels
        vector: Vector = self._embedder(pixels[None])[0]
        return vector

    @cached_property
    def _embedder(self) -> Embedder:
        embedder = self._load()
        held = self._index.model()
        if held.fingerprint != embedder.identity.fingerprint:
            raise ModelMismatch(self._index.name, str(held), str(embedder.identity))
        return embedder
