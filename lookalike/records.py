"""The records that programs exchange: small and frozen."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    #: uint8 RGB, shape [N, size, size, 3]; the model determines the size, usually 224.
    Pixels: TypeAlias = NDArray[np.uint8]
    #: float32, shape [N, D].
    Vectors: TypeAlias = NDArray[np.float32]
    #: float32, shape [D].
    Vector: TypeAlias = NDArray[np.float32]
else:
    # The base installation has no NumPy: these names are for annotations only.
    Pixels = Vectors = Vector = Any


class Reason(StrEnum):
    """Why an image was rejected; a fixed set, so that rejections can be counted and filtered."""

    EMPTY = "empty"
    NOT_FOUND = "not_found"
    NOT_REGULAR = "not_regular"
    UNREADABLE = "unreadable"
    OUTSIDE_ROOT = "outside_root"
    TOO_LARGE = "too_large"
    BOMB = "bomb"
    UNSUPPORTED = "unsupported"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    CHANGED = "changed"
    BAD_VECTOR = "bad_vector"
    REFUSED = "refused"
    WORKER_KILLED = "worker_killed"
    TIMEOUT = "timeout"


class Metric(StrEnum):
    """How two vectors of a model are compared."""

    COSINE = "cosine"
    L2 = "l2"


@dataclass(frozen=True)
class ModelIdentity:
    """What an index needs to know about a model. Vectors with different fingerprints are never compared."""

    name: str
    fingerprint: str
    dimension: int
    metric: Metric

    def __str__(self) -> str:
        return f"{self.name} ({self.fingerprint}, {self.dimension}-d, {self.metric})"


@dataclass(frozen=True)
class ImageRef:
    """The uri of an image, with its label and metadata."""

    uri: str
    label: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return document_id(self.uri)


@dataclass(frozen=True)
class Rejected:
    """An image that was not indexed, and why."""

    uri: str
    reason: Reason
    detail: str = ""


@dataclass(frozen=True)
class Stored:
    """The part of a stored document that decides whether its image is unchanged."""

    content_sha256: str
    model: str
    chunk: str
    name: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def is_of(self, ref: ImageRef, content_sha256: str) -> bool:
        """Whether the document is of this very file, with this label and metadata: then the image is unchanged."""
        mine = (self.content_sha256, self.name, dict(self.metadata))
        return mine == (content_sha256, ref.label, dict(ref.metadata))


@dataclass(frozen=True)
class Document:
    """One image in the index. `name` is the label, `model` the fingerprint, `ingested_at` a UTC time in ISO 8601,
    `chunk` the origin of the chunk that wrote it ("job/number")."""

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
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """One search result; `score` is cosine similarity in [-1, 1], or 1 / (1 + squared distance) for an L2 model."""

    id: str
    uri: str
    name: str | None
    score: float
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chunk:
    """The references of one task, a part of a job.

    `id` is unique across jobs: "job/number", or "job/number.part" for a part of a chunk that was split.
    """

    id: str
    job: str
    refs: tuple[ImageRef, ...]

    @property
    def origin(self) -> str:
        """The id of the chunk before any split; documents store it."""
        return self.id.partition(".")[0]

    def parts(self) -> list["Chunk"]:
        """One chunk per reference."""
        return [Chunk(f"{self.id}.{number:04d}", self.job, (ref,)) for number, ref in enumerate(self.refs)]


@dataclass(frozen=True)
class Diagnostic:
    """A problem that does not stop the work: `what` is a sentence, `advice` says what to do."""

    what: str
    advice: str


@dataclass(frozen=True)
class Outcome:
    """The result of a chunk; every reference counts exactly once, in one of the three."""

    indexed: int
    unchanged: int
    rejected: tuple[Rejected, ...] = ()


def document_id(uri: str) -> str:
    """The id of the image at `uri`; deterministic, so that a rerun overwrites documents and adds no duplicates."""
    return hashlib.sha256(uri.encode()).hexdigest()[:40]
