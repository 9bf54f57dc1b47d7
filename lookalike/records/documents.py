"""Images in the index."""

from dataclasses import dataclass, field

from lookalike.records.arrays import Vector
from lookalike.records.references import Metadata


@dataclass(frozen=True)
class Stored:
    """The part of a stored document that decides whether its image is unchanged."""

    content_sha256: str
    model: str
    chunk: str
    name: str | None = None
    metadata: Metadata = field(default_factory=dict)
    etag: str = ""


@dataclass(frozen=True)
class Document:
    """One image in the index. `name` is the label, `model` the fingerprint, `ingested_at` a UTC time in ISO 8601,
    `chunk` the origin of the chunk that wrote it ("job/number"). `etag` is the place's name for these bytes, empty if
    it gives none. `taken_at_ms` is when the photograph was taken, in milliseconds since 1970, if its EXIF says it."""

    id: str
    uri: str
    name: str | None
    image_embedding: Vector
    content_sha256: str
    width: int
    height: int
    model: str
    ingested_at: str
    chunk: str
    metadata: Metadata = field(default_factory=dict)
    etag: str = ""
    taken_at_ms: int | None = None


@dataclass(frozen=True)
class Listed:
    """One stored image of a list. `width` and `height` in pixels, `ingested_at` and `taken_at_ms` as of `Document`."""

    id: str
    uri: str
    name: str | None
    width: int
    height: int
    ingested_at: str
    metadata: Metadata = field(default_factory=dict)
    taken_at_ms: int | None = None


#: The most matches that one search may ask for, wherever it is asked: in Python, on the command line, over HTTP.
MOST_MATCHES = 1000


@dataclass(frozen=True)
class Match:
    """One search result; `score` is cosine similarity in [-1, 1], or 1 / (1 + squared distance) for an L2 model.
    `ingested_at` and `taken_at_ms` as of `Document`."""

    id: str
    uri: str
    name: str | None
    score: float
    metadata: Metadata = field(default_factory=dict)
    ingested_at: str = ""
    taken_at_ms: int | None = None
