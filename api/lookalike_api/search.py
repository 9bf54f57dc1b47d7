"""The query module: an image in, the ones that look like it out; the same model, decoder and index as the workers'."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np

from lookalike.embedding import Embedder
from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.errors import IndexMissing, ModelMismatch, NotStored
from lookalike.images import DecodedImage
from lookalike.index.base import Index
from lookalike.records import Document, Match, Metric, ModelIdentity, Pixels, Vector, Vectors

Filters = Mapping[str, str] | None
Load = Callable[[ModelIdentity], Embedder]
Decode = Callable[[bytes, int], DecodedImage]

Answer = TypeVar("Answer")


class SizeChanged(Exception):
    """The pixels were decoded for a model that takes another size."""


#: What a search ends with whose index has moved to another version, before it or between its steps.
MOVED = (ModelMismatch, IndexMissing, SizeChanged)


@dataclass(frozen=True)
class Query:
    """What is wanted: `k` matches after the first `offset`, none scoring less than `min_score`."""

    k: int = 10
    offset: int = 0
    min_score: float = -1.0
    filters: Mapping[str, str] = field(default_factory=dict)


class Embedded(NamedTuple):
    """Vectors, float32 [N, D], and the model that they are of."""

    vectors: Vectors
    model: ModelIdentity


class Searcher:
    """Answers from one index, and follows it when it moves to another model; threads may share it.

    `load` gives the model for what the index holds, and is called for the first image and by `renew`: a search by id
    needs no model. `decode` is told the side in pixels that the model takes. What the index raises comes through
    everywhere.
    """

    def __init__(self, index: Index, *, load: Load, decode: Decode) -> None:
        self.index = index
        self._load = load
        self._decode = decode
        self._loading = threading.Lock()
        self._embedder: Embedder | None = None

    @property
    def model(self) -> ModelIdentity | None:
        """The model in use, or None while none is loaded."""
        return self._embedder.identity if self._embedder else None

    @property
    def is_loading(self) -> bool:
        """Whether the first model is being loaded just now."""
        return self._embedder is None and self._loading.locked()

    def like_image(self, data: bytes, k: int, filters: Filters = None) -> list[Match]:
        """The k images most like an encoded one, best first. Raises ImageRejected, ModelMismatch."""

        def ask() -> list[Match]:
            vectors, model = self.embed(self.decode(data)[None])
            return self.near(vectors[0], Query(k, filters=filters or {}), model.fingerprint)

        return _again_if_moved(ask, self.renew)

    def like_stored(self, id: str, k: int, filters: Filters = None) -> list[Match]:
        """The k images most like a stored one, itself left out. Raises NotStored."""
        return _again_if_moved(lambda: self.near_stored(self.stored(id), Query(k, filters=filters or {})))

    def decode(self, data: bytes) -> Pixels:
        """uint8 RGB [size, size, 3] of an encoded image, of the usual size while no model is loaded: what is no
        image is told before a model is loaded for it. Raises ImageRejected."""
        return self._decode(data, self._embedder.size if self._embedder else IMAGE_SIZE).pixels

    def embed(self, pixels: Pixels) -> Embedded:
        """Of images [N, size, size, 3]. Raises SizeChanged if the model takes another size, ModelMismatch,
        ModelUnavailable."""
        embedder = self._embedder or self.renew()
        if pixels.shape[1] != embedder.size:
            raise SizeChanged
        return Embedded(embedder(pixels), embedder.identity)

    def near(self, vector: Vector, query: Query, fingerprint: str) -> list[Match]:
        """The matches of a vector of the model `fingerprint`, best first. Raises ModelMismatch if the index has moved
        to another."""
        return _page(self._search(vector, query.offset + query.k, query, fingerprint), query)

    def near_stored(self, document: Document, query: Query) -> list[Match]:
        """The matches of a stored image, itself left out."""
        matches = self._search(document.image_embedding, query.offset + query.k + 1, query, document.model)
        return _page([match for match in matches if match.id != document.id], query)

    def stored(self, id: str) -> Document:
        """Raises NotStored."""
        document = self.index.get(id)
        if document is None:
            raise NotStored(id, self.index.name)
        return document

    def renew(self) -> Embedder:
        """The model that the index holds now, loaded unless it is the one in use. Raises ModelMismatch for one that
        the settings do not lead to, ModelUnavailable, BadSetting."""
        with self._loading:
            held = self.index.model()
            if self._embedder is None or self._embedder.identity.fingerprint != held.fingerprint:
                self._embedder = self._load(held)
            return self._embedder

    def _search(self, vector: Vector, k: int, query: Query, fingerprint: str) -> list[Match]:
        return self.index.search(vector, k, query.filters, fingerprint=fingerprint)


def mean_of(vectors: Vectors, metric: Metric) -> Vector:
    """The vector, float32 [D], that is like all of these [N, D]: their mean, of unit length where angles are compared.

    Vectors that cancel each other out give one without a direction, which no index takes.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    length = np.linalg.norm(mean)
    if metric is Metric.COSINE and length > 0:
        mean /= length
    direction: Vector = mean.astype(np.float32)
    return direction


def _again_if_moved(ask: Callable[[], Answer], renew: Callable[[], object] = lambda: None) -> Answer:
    try:
        return ask()
    except MOVED:
        renew()
    return ask()


def _page(matches: list[Match], query: Query) -> list[Match]:
    return [match for match in matches[query.offset : query.offset + query.k] if match.score >= query.min_score]
