"""Recorded rejections, without a ledger."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lookalike.records import Basis, ImageRef, Reason, Rejected, Rejection
from lookalike_producer.rejection_records import RejectionRecords


class Records(RejectionRecords):
    """Rejections without a ledger."""

    def __init__(self, *rejections: Rejection) -> None:
        self._rejections = {rejection.ref.uri: rejection for rejection in rejections}
        self.leftovers: list[str] = []

    def batches(self) -> Iterator[Mapping[str, Rejection]]:
        yield self._rejections

    def of(self, uris: Sequence[str]) -> Iterator[Mapping[str, Rejection]]:
        yield {uri: self._rejections[uri] for uri in uris if uri in self._rejections}


def rejection(path: Path, reason: Reason, content: bytes | None = None, *, kept: bool = False) -> Rejection:
    """Of the file at `path` if it has this content; None is for a file that could not be read."""
    content_sha256 = hashlib.sha256(content).hexdigest() if content is not None else ""
    return Rejection(Rejected(str(path), reason, kept=kept), ImageRef(str(path)), Basis("", content_sha256, "1"))


def refused(uri: str) -> Rejection:
    """Of a row, a line or an archive, which no worker has seen."""
    return Rejection(Rejected(uri, Reason.BAD_URI), ImageRef(uri), Basis("", "", "1"))
