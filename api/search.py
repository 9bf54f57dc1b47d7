"""The query module: a picture in, the ones that look like it out; the same model, decoder and index as the workers'."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from lookalike.embedding import Embedder
from lookalike.errors import ModelMismatch, NotStored
from lookalike.images import Picture
from lookalike.index.base import Index
from lookalike.records import Document, Match, Metric, ModelIdentity, Pixels, Vector, Vectors

Filters = Mapping[str, str] | None

#: How long the index is trusted to hold vectors of the same model as when it was asked last.
TRUST_S = 2.0


@dataclass(frozen=True)
class Query:
    """What is wanted: `k` matches after the first `offset`, none scoring less than `min_score`."""

    k: int = 10
    offset: int = 0
    min_score: float = -1.0
    filters: Mapping[str, str] = field(default_factory=dict)


class Searcher:
    """Answers from one index; threads may share it. The model is loaded once it is wanted: a search by id needs none.

    What the index raises comes through everywhere.
    """

    def __init__(self, index: Index, *, load: Callable[[], Embedder], decode: Callable[[bytes], Picture]) -> None:
        self.index = index
        self._load = load
        self._decode = decode
        self._loading = threading.Lock()
        self._embedder: Embedder | None = None
        self._trusted_until = 0.0

    @property
    def model(self) -> ModelIdentity | None:
        """The model in use, or None while none is loaded."""
        return self._embedder.identity if self._embedder else None

    def like_image(self, data: bytes, k: int, filters: Filters = None) -> list[Match]:
        """The k pictures most like an encoded one, best first. Raises ImageRejected, ModelMismatch."""
        vector = self.embed(self.decode(data)[None])[0]
        return self.near(vector, Query(k, filters=filters or {}))

    def like_stored(self, id: str, k: int, filters: Filters = None) -> list[Match]:
        """The k pictures most like a stored one, itself left out. Raises NotStored."""
        return self.near_stored(self.stored(id), Query(k, filters=filters or {}))

    def decode(self, data: bytes) -> Pixels:
        """uint8 RGB [224, 224, 3] of an encoded picture. Raises ImageRejected."""
        return self._decode(data).pixels

    def embed(self, pixels: Pixels) -> Vectors:
        """Vectors, float32 [N, D]. Raises ModelMismatch, ModelUnavailable."""
        embedder = self.load()
        self.check_model()
        return embedder(pixels)

    def near(self, vector: Vector, query: Query) -> list[Match]:
        """The matches of a vector, best first."""
        matches = self.index.search(vector, query.offset + query.k, query.filters)
        return _page(matches, query)

    def near_stored(self, document: Document, query: Query) -> list[Match]:
        """The matches of a stored picture, itself left out."""
        matches = self.index.search(document.image_embedding, query.offset + query.k + 1, query.filters)
        return _page([match for match in matches if match.id != document.id], query)

    def stored(self, id: str) -> Document:
        """Raises NotStored."""
        document = self.index.get(id)
        if document is None:
            raise NotStored(id, self.index.name)
        return document

    def load(self) -> Embedder:
        """The model, loaded by the first who asks. Raises ModelUnavailable, BadSetting."""
        with self._loading:
            if self._embedder is None:
                self._embedder = self._load()
        return self._embedder

    def check_model(self) -> None:
        """Raises ModelMismatch unless the index holds vectors of our model, which another ingest may have changed."""
        ours = self.load().identity
        if time.monotonic() < self._trusted_until:
            return
        held = self.index.model()
        if held.fingerprint != ours.fingerprint:
            raise ModelMismatch(self.index.name, str(held), str(ours))
        self._trusted_until = time.monotonic() + TRUST_S


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


def _page(matches: list[Match], query: Query) -> list[Match]:
    return [match for match in matches[query.offset : query.offset + query.k] if match.score >= query.min_score]
