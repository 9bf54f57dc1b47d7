"""What a comparison finds out about one image."""

from dataclasses import dataclass
from enum import StrEnum

from lookalike.records import ImageRef


class SyncStatus(StrEnum):
    """The status of one image of the source or of the index."""

    #: In the index, and the same in the source.
    PRESENT = "present"
    #: In the source, but neither in the index nor rejected.
    MISSING = "missing"
    #: In the index with other bytes, another label or other metadata.
    STALE = "stale"
    #: In the index with a vector of another model.
    WRONG_MODEL = "wrong_model"
    #: In the source, but it cannot be read, and no job has found this yet.
    UNREADABLE = "unreadable"
    #: In the index, but no longer in the source whose scope it is in; or its file or object is gone.
    ORPHANED = "orphaned"
    #: Rejected by a job, for a reason that stands: file, limits and release are the same.
    REJECTED = "rejected"


@dataclass(frozen=True)
class NewEtag:
    """The etag of bytes with this hash, which their document lacks: until it has it, each comparison reads them."""

    etag: str
    content_sha256: str


@dataclass(frozen=True)
class Finding:
    """The status of one image, in a comparison of sources with the index."""

    status: SyncStatus
    """The result of the comparison."""
    id: str
    """Id of the image: 40 hexadecimal digits."""
    uri: str
    """Where the image is, or was."""
    ref: ImageRef | None = None
    """The image as the source names it; None for an orphan that the source does not name."""
    is_recorded: bool = False
    """Whether a job rejected the image earlier."""
    new_etag: NewEtag | None = None
    """The new ETag of an image that is present; None if the old one still holds."""
    is_outdated: bool = False
    """Whether a rejected image has another label or other metadata than when it was rejected."""
    lost_fields: frozenset[str] = frozenset()
    """Metadata fields of the document for which the source gives no value any more."""
