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
    """The status of one image. `ref` is None for an orphan that the source does not name. `is_recorded`: the ledger has
    a rejection of the image, right or wrong. `new_etag` may be there for a PRESENT image. `is_outdated`: the record of
    a REJECTED image has another label or other metadata."""

    status: SyncStatus
    id: str
    uri: str
    ref: ImageRef | None = None
    is_recorded: bool = False
    new_etag: NewEtag | None = None
    is_outdated: bool = False
