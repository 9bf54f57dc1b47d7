"""References that are rejected before a worker sees them: only this process knows why."""

from dataclasses import dataclass

import orjson

from lookalike.messages import decode_reference, encode_reference
from lookalike.records import Basis, ImageRef, Reason, Rejected, Rejection
from lookalike.uris import is_row

#: What such a rejection is based on, in its record: nothing but what the source says.
OF_SOURCE = Basis(rules="source")


@dataclass(frozen=True)
class RefusedReference(ImageRef):
    """It counts as one image that is rejected for `reason`, such as a row of a table whose uri is missing."""

    reason: Reason = Reason.BAD_URI
    detail: str = ""

    @property
    def rejected(self) -> Rejected:
        return Rejected(self.uri, self.reason, self.detail)


@dataclass(frozen=True)
class UnlistedFolder(RefusedReference):
    """A folder, a prefix of a store or an archive that could not be listed: nobody knows what is in it, so what is
    indexed from there stays."""

    reason: Reason = Reason.UNREADABLE


@dataclass(frozen=True)
class UnlistedTable(UnlistedFolder):
    """A table that could not be read to its end: nobody knows which images it names, so all documents stay."""


_KINDS = {kind.__name__: kind for kind in (RefusedReference, UnlistedFolder, UnlistedTable)}


def is_of_source(rejection: Rejection) -> bool:
    """Whether a record tells of no image that a worker could try again, but of what its source says: a row, a table, a
    folder or an archive that could not be read, a member with a bad sidecar."""
    return rejection.basis == OF_SOURCE or is_row(rejection.rejected.uri)


def encode(ref: ImageRef) -> bytes:
    """A reference of any kind on one line, without a newline."""
    if isinstance(ref, RefusedReference):
        return orjson.dumps([type(ref).__name__, ref.uri, ref.reason, ref.detail])
    return encode_reference(ref)


def decode(line: bytes) -> ImageRef:
    """The reverse of `encode`. Raises MessageInvalid."""
    if line.startswith(b"["):
        kind, uri, reason, detail = orjson.loads(line)
        return _KINDS[kind](uri, reason=Reason(reason), detail=detail)
    return decode_reference(line)
