"""Images in the index."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

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


@dataclass(frozen=True, eq=False)
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

    def __eq__(self, other: object) -> bool:
        """The vectors count by their bytes, because `==` of two arrays is an array and neither true nor false."""
        return isinstance(other, Document) and self._values() == other._values()

    def _values(self) -> dict[str, Any]:
        return vars(self) | {"image_embedding": self.image_embedding.tobytes()}


@dataclass(frozen=True)
class Listed:
    """One stored image of a list."""

    __pydantic_config__: ClassVar[Any] = {"use_attribute_docstrings": True}

    id: str
    """Id of the image: 40 hexadecimal digits."""
    uri: str
    """Where the image is: a path, a web address or an address of a store."""
    name: str | None
    """The label; null without one."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""
    ingested_at: str
    """When the image was indexed (UTC, ISO 8601)."""
    metadata: Metadata = field(default_factory=dict)
    """The metadata of the image, by field."""
    taken_at_ms: int | None = None
    """When the photograph was taken, in milliseconds since 1970; null where it is not known."""

    @property
    def label(self) -> str | None:
        """The label; the same as `name`."""
        return self.name


#: The most matches that one search may ask for, wherever it is asked: in Python, on the command line, over HTTP.
MOST_MATCHES = 1000


@dataclass(frozen=True)
class Match:
    """One search result."""

    __pydantic_config__: ClassVar[Any] = {"use_attribute_docstrings": True}

    id: str
    """Id of the image: 40 hexadecimal digits."""
    uri: str
    """Where the image is: a path, a web address or an address of a store."""
    name: str | None
    """The label; null without one."""
    score: float
    """Cosine similarity to the query, from -1 to 1; 1 / (1 + squared distance) for an L2 model."""
    metadata: Metadata = field(default_factory=dict)
    """The metadata of the image, by field."""
    ingested_at: str = ""
    """When the image was indexed (UTC, ISO 8601)."""
    taken_at_ms: int | None = None
    """When the photograph was taken, in milliseconds since 1970; null where it is not known."""

    @property
    def label(self) -> str | None:
        """The label; the same as `name`."""
        return self.name
