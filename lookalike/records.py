"""The records that programs exchange: small and frozen."""

import hashlib
import re
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
    #: The place asks for credentials, or denies them.
    FORBIDDEN = "forbidden"
    #: The host asks robots, or this use, to keep away.
    DISALLOWED = "disallowed"
    #: The host was tried for a bounded time, and did not answer, or not in order.
    HOST_UNAVAILABLE = "host_unavailable"
    #: The host's TLS certificate does not verify.
    UNTRUSTED_HOST = "untrusted_host"
    #: The host answers with a page or a message in place of an image.
    NOT_AN_IMAGE = "not_an_image"
    #: A row, a line or an address that can name no image.
    BAD_URI = "bad_uri"
    #: A value of a row does not fit the type of its field.
    BAD_METADATA = "bad_metadata"

    @property
    def is_about_content(self) -> bool:
        """Whether the file holds nothing that can be indexed: then a document of it tells of a former file.

        With any other reason a former document may be true, or is at least the best there is: nobody has seen what the
        file holds now, or model or index failed for it.
        """
        return self in _ABOUT_CONTENT


_ABOUT_CONTENT = frozenset(
    {
        *(Reason.EMPTY, Reason.TOO_LARGE, Reason.BOMB),
        *(Reason.UNSUPPORTED, Reason.TRUNCATED, Reason.CORRUPT),
    }
)


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


#: Of one metadata field; a date is its text in ISO 8601. `lookalike.metadata` has the types.
MetadataValue: TypeAlias = str | int | float | bool | list[str] | list[int] | list[float] | list[bool]
Metadata: TypeAlias = Mapping[str, MetadataValue]


@dataclass(frozen=True)
class Span:
    """Where the bytes of a member lie in its archive, its header included: `length` bytes from `start`."""

    start: int
    length: int


@dataclass(frozen=True)
class ImageRef:
    """The uri of an image, with its label and metadata.

    `span` is known of a member of an archive that was listed, `etag` of an object whose store gave it with the listing:
    what has this etag in the index needs no request. `keeps_metadata`: a table that may describe the image could not be
    read as a whole, so a document of it keeps its label and metadata.
    """

    uri: str
    label: str | None = None
    metadata: Metadata = field(default_factory=dict)
    span: Span | None = field(default=None, compare=False)
    etag: str = field(default="", compare=False)
    keeps_metadata: bool = field(default=False, compare=False)

    @property
    def id(self) -> str:
        return document_id(self.uri)


@dataclass(frozen=True)
class Rejected:
    """An image that was not indexed, and why. `kept`: the index still holds a document of it from before, because the
    reason is not about what the file holds."""

    uri: str
    reason: Reason
    detail: str = ""
    kept: bool = False


@dataclass(frozen=True)
class FileTimes:
    """Size and times of a file, in nanoseconds since 1970. No program can set `changed_ns` (the inode's ctime), so a
    file for which all three are the same holds the same bytes."""

    size_bytes: int
    modified_ns: int
    changed_ns: int

    @property
    def etag(self) -> str:
        """All three as one text."""
        return f"{self.size_bytes}-{self.modified_ns}-{self.changed_ns}"

    @classmethod
    def of_etag(cls, etag: str) -> "FileTimes | None":
        """The reverse of `etag`; None for the etag of another kind of place."""
        match = re.fullmatch(r"(\d+)-(-?\d+)-(-?\d+)", etag)
        return cls(*map(int, match.groups())) if match else None


@dataclass(frozen=True)
class Basis:
    """What a rejection was based on: it stands while the file and the rules stay the same.

    `etag` changes with the content; it is empty for a file that was being written, and if the place gives none.
    `content_sha256` is empty if the file was not read. `rules` is short text for the release and the limit that
    decided. `judged_at_ms` is when, in milliseconds since 1970.
    """

    etag: str = ""
    content_sha256: str = ""
    rules: str = ""
    judged_at_ms: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Rejection:
    """A rejected image as the ledger records it: with the reference to try it again, and what the rejection is based
    on."""

    rejected: Rejected
    ref: ImageRef
    basis: Basis = Basis()


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
    it gives none."""

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


@dataclass(frozen=True)
class Match:
    """One search result; `score` is cosine similarity in [-1, 1], or 1 / (1 + squared distance) for an L2 model."""

    id: str
    uri: str
    name: str | None
    score: float
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True)
class Chunk:
    """The references of one task, a part of a job.

    `id` is unique across jobs: "job/number"; "job/number.part" for a part of a chunk that was split, with four digits,
    or for images of it that were put aside, with more.
    """

    id: str
    job: str
    refs: tuple[ImageRef, ...]

    @property
    def origin(self) -> str:
        """The id of the chunk that was cut from the sources; documents store it."""
        return self.id.partition(".")[0]

    def parts(self) -> list["Chunk"]:
        """One chunk per reference."""
        return [Chunk(f"{self.id}.{number:04d}", self.job, (ref,)) for number, ref in enumerate(self.refs)]


@dataclass(frozen=True)
class Wait:
    """Why images wait for their host, and since when, in seconds since 1970.

    `since` begins again whenever the host makes progress, `first_at` never. `tries` is how often they were put aside.
    `counted_from` is when a store was back that was away altogether, 0 if it was not: that time does not count.
    """

    host: str
    why: str
    first_at: float
    since: float
    tries: int = 1
    counted_from: float = 0.0


@dataclass(frozen=True)
class PutAside:
    """Images of a chunk that their host does not give now: they become a chunk of their own, which is sent in
    `pause_s`."""

    refs: tuple[ImageRef, ...]
    wait: Wait
    pause_s: float


@dataclass(frozen=True)
class Diagnostic:
    """A problem that does not stop the work: `what` is a sentence, `advice` says what to do."""

    what: str
    advice: str


@dataclass(frozen=True)
class Outcome:
    """The result of a chunk; every reference counts exactly once, in one of the first three or in `aside`.

    `repeated` are the uris of rejected ones that an earlier job had rejected, with nothing changed since. `bases`
    are those of the rejections, by uri. `settled` are the uris of images that are in the index: what the ledger records
    about an earlier rejection of them no longer holds. `annotated` of the indexed ones kept their vectors: only label
    or metadata differed.
    """

    indexed: int
    unchanged: int
    rejected: tuple[Rejected, ...] = ()
    repeated: frozenset[str] = frozenset()
    bases: Mapping[str, Basis] = field(default_factory=dict)
    settled: tuple[str, ...] = ()
    aside: tuple[PutAside, ...] = ()
    annotated: int = 0

    @property
    def still_rejected(self) -> int:
        """How many of the rejected references an earlier job had rejected, with nothing changed since."""
        return sum(item.uri in self.repeated for item in self.rejected)


def document_id(uri: str) -> str:
    """The id of the image at `uri`; deterministic, so that a rerun overwrites documents and adds no duplicates."""
    return hashlib.sha256(uri.encode()).hexdigest()[:40]
