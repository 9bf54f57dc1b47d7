"""What has become of each image of a chunk, and the outcome of the chunk that follows from it."""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from lookalike.errors import ImageRejected
from lookalike.host_wait import HostWait
from lookalike.reading.arrivals import Delayed
from lookalike.records import (
    Basis,
    Chunk,
    ImageRef,
    Outcome,
    PutAside,
    Reason,
    Rejected,
    Rejection,
    Stored,
    Wait,
)
from lookalike.remembered import NS_PER_MS, Remembered


@dataclass(frozen=True)
class Refused:
    """The rejection of an image. `is_new` is false if an earlier job had rejected it, with nothing changed since."""

    rejected: Rejected
    basis: Basis
    is_new: bool = True


#: True: indexed. False: unchanged.
Verdict: TypeAlias = Refused | Delayed | bool


class Verdicts:
    """The verdicts on the images of a chunk, by id. `stored` are the documents that they have in the index."""

    def __init__(self, chunk: Chunk, remembered: Remembered, wait: HostWait) -> None:
        self._chunk = chunk
        self._remembered = remembered
        self._wait = wait
        self._of: dict[str, Verdict] = {}
        self.stored: Mapping[str, Stored] = {}
        #: Those whose documents were told another label or other metadata.
        self.annotated: set[str] = set()

    def earlier(self, ref: ImageRef) -> Rejection | None:
        """The rejection of an earlier job."""
        return self._remembered.of(ref, is_stored=ref.id in self.stored)

    def stands(self, earlier: Rejection, ref: ImageRef) -> bool:
        """Whether the image is as it was, which is known without a request."""
        return bool(earlier.basis.etag) and earlier.basis.etag == self._remembered.etag(ref)

    def accept(self, ref: ImageRef, *, is_indexed: bool) -> None:
        """The image is indexed, or its document is as it was."""
        self._of[ref.id] = is_indexed

    def delay(self, ref: ImageRef, delayed: Delayed) -> None:
        """Its host does not give the image now."""
        self._of[ref.id] = delayed

    def repeat(self, ref: ImageRef, earlier: Rejection, etag: str = "") -> None:
        """What an earlier job found still holds; `etag` is that of the bytes, if they were read again."""
        self._of[ref.id] = _repeated(earlier, self.stored.get(ref.id), etag)

    def reject(
        self, ref: ImageRef, error: ImageRejected, read_at_ns: int, content_sha256: str = "", etag: str = ""
    ) -> None:
        """The image cannot be indexed; it counts as new unless it was rejected for the same reason before."""
        earlier = self.earlier(ref)
        is_new = earlier is None or earlier.rejected.reason is not error.reason
        self._of[ref.id] = self._refused(ref, error, read_at_ns, content_sha256, etag, is_new=is_new)

    def refuse(self, ref: ImageRef, error: ImageRejected, read_at_ns: int, content_sha256: str, etag: str) -> None:
        """The image was decoded, but model or index refuse it."""
        self._of[ref.id] = self._refused(ref, error, read_at_ns, content_sha256, etag, is_new=True)

    def is_unfit(self, id: str) -> bool:
        """Whether the image itself is rejected now, so that its document must go."""
        verdict = self._of[id]
        return isinstance(verdict, Refused) and verdict.is_new and verdict.rejected.reason.is_about_content

    def outcome(self) -> Outcome:
        """Counts by reference: an image that a chunk lists twice counts as indexed once and as unchanged once."""
        references = self._chunk.refs
        aside = self._put_aside()
        refused = [verdict for ref in references if isinstance(verdict := self._of[ref.id], Refused)]
        indexed = sum(verdict is True for verdict in self._of.values())
        waiting = sum(len(item.refs) for item in aside)
        return Outcome(
            indexed=indexed,
            unchanged=len(references) - indexed - len(refused) - waiting,
            rejected=tuple(item.rejected for item in refused),
            repeated=frozenset(item.rejected.uri for item in refused if not item.is_new),
            bases={item.rejected.uri: item.basis for item in refused},
            settled=tuple(ref.uri for ref in references if self._is_settled(ref)),
            aside=aside,
            annotated=sum(self._of[id] is True for id in self.annotated),
        )

    def _put_aside(self) -> tuple[PutAside, ...]:
        """The images that go on waiting, by host; those that have waited for long enough are rejected."""
        groups: dict[tuple[str, bool], list[ImageRef]] = defaultdict(list)
        waits: dict[tuple[str, bool], tuple[Wait, float]] = {}
        for ref in self._chunk.refs:
            verdict = self._of[ref.id]
            if not isinstance(verdict, Delayed):
                continue
            group = (verdict.host, verdict.has_progress)
            if group not in waits:
                if (wait := self._wait.next(verdict)) is None:
                    error = ImageRejected(Reason.HOST_UNAVAILABLE, verdict.error.why)
                    self.reject(ref, error, time.time_ns())
                    continue
                waits[group] = wait
            groups[group].append(ref)
        return tuple(PutAside(tuple(refs), *waits[group]) for group, refs in groups.items())

    def _is_settled(self, ref: ImageRef) -> bool:
        verdict = self._of[ref.id]
        return verdict is True or (verdict is False and self._remembered.has(ref.uri))

    def _refused(
        self, ref: ImageRef, error: ImageRejected, read_at_ns: int, content_sha256: str, etag: str, *, is_new: bool
    ) -> Refused:
        basis = self._remembered.basis(ref.uri, error.reason, content_sha256, read_at_ns=read_at_ns, etag=etag)
        return Refused(rejected_of(ref, error.reason, error.detail, is_stored=ref.id in self.stored), basis, is_new)


def rejected_of(ref: ImageRef, reason: Reason, detail: str, *, is_stored: bool) -> Rejected:
    """The rejection of an image; `kept` says that its document stays."""
    return Rejected(ref.uri, reason, detail, kept=is_stored and not reason.is_about_content)


def _repeated(earlier: Rejection, stored: Stored | None, etag: str) -> Refused:
    basis = replace(earlier.basis, etag=etag or earlier.basis.etag, judged_at_ms=time.time_ns() // NS_PER_MS)
    return Refused(replace(earlier.rejected, kept=stored is not None), basis, is_new=False)
