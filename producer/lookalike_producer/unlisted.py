"""A folder that a walk could not list, as a reference."""

from dataclasses import dataclass

import orjson

from lookalike.messages import decode_reference, encode_reference
from lookalike.records import ImageRef, Reason, Rejected


@dataclass(frozen=True)
class UnlistedFolder(ImageRef):
    """It counts as one image that is rejected for `reason`: nobody knows what is in it."""

    reason: Reason = Reason.UNREADABLE
    detail: str = ""

    @property
    def rejected(self) -> Rejected:
        return Rejected(self.uri, self.reason, self.detail)


def encode(ref: ImageRef) -> bytes:
    """A reference of either kind on one line, without a newline."""
    if isinstance(ref, UnlistedFolder):
        return orjson.dumps([ref.uri, ref.reason, ref.detail])
    return encode_reference(ref)


def decode(line: bytes) -> ImageRef:
    """The reverse of `encode`. Raises MessageInvalid."""
    if line.startswith(b"["):
        uri, reason, detail = orjson.loads(line)
        return UnlistedFolder(uri, reason=Reason(reason), detail=detail)
    return decode_reference(line)
