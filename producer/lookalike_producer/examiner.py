"""Tells the status of one image, with as little reading as possible: what has the etag that it had is the same."""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from threading import Semaphore

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.metadata import Fields, agree, lost_fields
from lookalike.reading.contract import Fetched, State
from lookalike.reading.places import LOCAL, STORE, WEB, kind_of
from lookalike.records import FileTimes, ImageRef, Reason, Rejection, Stored
from lookalike.remembered import Remembered, is_outdated
from lookalike.storage import local_path
from lookalike_producer.finding import Finding, NewEtag, SyncStatus
from lookalike_producer.refused import RefusedReference

#: Images that are read and hashed at once; each may be as large as the largest image.
READERS = 4
#: There is no image any more: it is gone, or something else is there, such as a folder.
GONE = (Reason.NOT_FOUND, Reason.NOT_REGULAR)
#: A job writes the documents of these images anew, with the metadata of their source.
_REWRITTEN = (SyncStatus.STALE, SyncStatus.WRONG_MODEL)
#: What a look at an image in a store or on a host finds out as well as reading it.
_OF_ACCESS = frozenset(
    {Reason.NOT_FOUND, Reason.FORBIDDEN, Reason.DISALLOWED, Reason.HOST_UNAVAILABLE, Reason.UNTRUSTED_HOST}
)


@dataclass(frozen=True)
class Files:
    """How a comparison looks at images: `fetch`, `state` and `look` of a Reader, and what the reasons depend on
    (`rules`). With `reads_all`, an etag is not believed: the bytes are compared. With `leaves_changed`, an image of a
    store or host whose etag is another one counts as changed: the job that follows reads it, once, and compares."""

    fetch: Callable[[ImageRef], Fetched]
    state: Callable[[str], State]
    look: Callable[[str], FileTimes | None]
    rules: Callable[[Reason], str]
    reads_all: bool = False
    leaves_changed: bool = False


class Examiner:
    """Examines images for one comparison with an index that has these fields; several threads may share it."""

    def __init__(self, files: Files, fingerprint: str, fields: Fields) -> None:
        self._files = files
        self._fingerprint = fingerprint
        self._fields = fields
        self._reading = Semaphore(READERS)

    def examined(self, ref: ImageRef, stored: Stored | None, earlier: Remembered) -> Finding:
        """The finding on an image, with its document and what earlier jobs have recorded. Raises SourceUnavailable."""
        is_recorded = earlier.has(ref.uri)
        if isinstance(ref, RefusedReference):
            # A job rejects it once; a folder, prefix or archive that cannot be listed keeps what is below it.
            status = SyncStatus.REJECTED if earlier.is_refused(ref.rejected) else SyncStatus.UNREADABLE
            return Finding(status, ref.id, ref.uri, ref, is_recorded)
        rejection = earlier.of(ref, is_stored=stored is not None)
        if rejection is not None and rejection.rejected.kept and stored is None:
            # Someone has deleted the document: a job has to say so in the record.
            rejection = None
        status, new_etag = self._status(ref, stored, rejection, earlier)
        needs_renewal = status is SyncStatus.REJECTED and rejection is not None and is_outdated(rejection, ref)
        lost = lost_fields(stored, ref, self._fields) if stored and status in _REWRITTEN else frozenset()
        return Finding(status, ref.id, ref.uri, ref, is_recorded, new_etag, needs_renewal, lost)

    def _status(
        self, ref: ImageRef, stored: Stored | None, rejection: Rejection | None, earlier: Remembered
    ) -> tuple[SyncStatus, NewEtag | None]:
        if stored is None and rejection is None:
            # Not read: it is read by the job that has to ingest it.
            return (SyncStatus.MISSING if _may_exist(ref.uri) else SyncStatus.UNREADABLE), None
        try:
            etag = self._etag(ref, stored, rejection, earlier)
            if etag and rejection is not None and etag == rejection.basis.etag:
                return SyncStatus.REJECTED, None
            if etag and stored is not None and etag == stored.etag:
                return self._of_same_bytes(ref, stored), None
            if stored is None and rejection is not None and _has_passed(rejection):
                return SyncStatus.MISSING, None
            if self._files.leaves_changed and (status := self._of_another_etag(ref, stored, rejection, etag)):
                return status, None
            with self._reading:
                fetched = self._files.fetch(ref)
                return self._of_bytes(ref, stored, rejection, fetched)
        except (ImageRejected, HostUnavailable) as error:
            return _unread(error, stored, rejection), None

    def _etag(self, ref: ImageRef, stored: Stored | None, rejection: Rejection | None, earlier: Remembered) -> str:
        """The etag of an image now; empty if the place gives none, or if no document or record can have the same."""
        if self._files.reads_all:
            return ""
        if (etag := earlier.etag(ref)) or kind_of(ref.uri) == LOCAL:
            return etag
        known = (stored and stored.etag) or (rejection and (rejection.basis.etag or _is_of_access(rejection)))
        return self._files.state(ref.uri).etag if known else ""

    def _of_another_etag(
        self, ref: ImageRef, stored: Stored | None, rejection: Rejection | None, etag: str
    ) -> SyncStatus | None:
        """The status of an image that is read over the network, and has another etag than it had."""
        former = stored.etag if stored is not None else rejection.basis.etag if rejection is not None else ""
        if not (etag and former) or kind_of(ref.uri) not in (WEB, STORE):
            return None
        if stored is None:
            return SyncStatus.MISSING
        return SyncStatus.STALE if stored.model == self._fingerprint else SyncStatus.WRONG_MODEL

    def _of_bytes(
        self, ref: ImageRef, stored: Stored | None, rejection: Rejection | None, fetched: Fetched
    ) -> tuple[SyncStatus, NewEtag | None]:
        content_sha256 = hashlib.sha256(fetched.data).hexdigest()
        if rejection is not None and rejection.basis.content_sha256 == content_sha256:
            return SyncStatus.REJECTED, None
        if stored is None:
            return SyncStatus.MISSING, None
        if stored.content_sha256 != content_sha256 and stored.model == self._fingerprint:
            return SyncStatus.STALE, None
        is_new = fetched.etag not in ("", stored.etag)
        return self._of_same_bytes(ref, stored), NewEtag(fetched.etag, content_sha256) if is_new else None

    def _of_same_bytes(self, ref: ImageRef, stored: Stored) -> SyncStatus:
        if stored.model != self._fingerprint:
            return SyncStatus.WRONG_MODEL
        return SyncStatus.PRESENT if agree(stored, ref, self._fields) else SyncStatus.STALE


def _unread(error: ImageRejected | HostUnavailable, stored: Stored | None, rejection: Rejection | None) -> SyncStatus:
    reason = error.reason if isinstance(error, ImageRejected) else Reason.HOST_UNAVAILABLE
    if stored is not None and reason in GONE:
        return SyncStatus.ORPHANED
    stands = rejection is not None and rejection.rejected.reason is reason
    return SyncStatus.REJECTED if stands else SyncStatus.UNREADABLE


def _has_passed(rejection: Rejection) -> bool:
    """Whether the reason was one of access to what is no local file: the look has just found it gone."""
    return kind_of(rejection.ref.uri) != LOCAL and _is_of_access(rejection) and not rejection.basis.etag


def _is_of_access(rejection: Rejection) -> bool:
    return rejection.rejected.reason in _OF_ACCESS


def _may_exist(uri: str) -> bool:
    """Whether a job may find an image there; only of a local file one knows it without a request."""
    if kind_of(uri) != LOCAL:
        return True
    try:
        return stat.S_ISREG(os.stat(local_path(uri)).st_mode)
    except (OSError, ValueError, ImageRejected):
        return False
