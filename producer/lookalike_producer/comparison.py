"""Compares a source with an index, image by image, in constant memory.

Documents and rejections are listed first and the source is walked afterwards, so an image that is ingested in between
is never reported as an orphan.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from lookalike.errors import ImageRejected
from lookalike.index import Index
from lookalike.messages import decode_rejection, encode_rejection
from lookalike.records import FileTimes, ImageRef, Reason, Rejection, Stored
from lookalike.remembered import Remembered
from lookalike.storage import local_path
from lookalike_producer.id_store import IdStore
from lookalike_producer.refused import UnlistedFolder
from lookalike_producer.rejection_records import RejectionRecords
from lookalike_producer.scope import Scope

#: References looked up in one request.
REFS_PER_REQUEST = 1000
#: Files that are read and hashed at once; each may be as large as the largest image.
READERS = 4
#: There is no image at this path: it is gone, or something else is there, such as a folder.
GONE = (Reason.NOT_FOUND, Reason.NOT_REGULAR)


@dataclass(frozen=True)
class Files:
    """How a comparison looks at files: `read` and `look` of a Storage, and what the reasons depend on (`rules`)."""

    read: Callable[[str], bytes]
    look: Callable[[str], FileTimes | None]
    rules: Callable[[Reason], str]


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
    #: In the source, but its file cannot be read, and no job has found this yet.
    UNREADABLE = "unreadable"
    #: In the index, but no longer in the source whose scope it is in; or its file is gone.
    ORPHANED = "orphaned"
    #: Rejected by a job, for a reason that stands: file, label, limits and release are the same.
    REJECTED = "rejected"


@dataclass(frozen=True)
class Finding:
    """The status of one image. `ref` is None for an orphan that the source does not name. `is_recorded`: the ledger has
    a rejection of the image, right or wrong."""

    status: SyncStatus
    id: str
    uri: str
    ref: ImageRef | None = None
    is_recorded: bool = False


def compare(
    references: Iterable[ImageRef],
    scopes: Sequence[Scope],
    *,
    index: Index,
    files: Files,
    records: RejectionRecords,
    fingerprint: str,
    on_leftover: Callable[[str], None] = lambda uri: None,
) -> Iterator[Finding]:
    """A finding for every reference, then one for every orphan in the scopes.

    `on_leftover` is called with the uri of every rejected image in the scopes that is neither in the source nor in the
    index any more.

    Raises what the index raises, BrokerUnavailable, SourceUnavailable for a source that cannot be read now, DiskFull.
    """
    with ExitStack() as open_files:
        documents, recorded, rejected = (open_files.enter_context(closing(IdStore())) for _ in range(3))
        readers = open_files.enter_context(ThreadPoolExecutor(READERS))
        index.refresh()
        _list_documents(scopes, index, documents)
        _list_rejections(scopes, records, recorded, rejected)
        unlisted: list[Scope] = []
        remaining = iter(references)
        while refs := list(islice(remaining, REFS_PER_REQUEST)):
            ids = [ref.id for ref in refs]
            stored = index.stored(ids, is_fresh=False)
            earlier = Remembered(_rejections(recorded.get(ids)), look=files.look, rules=files.rules)
            documents.discard(ids)
            rejected.discard(ids)
            unlisted += [Scope(local_path(ref.uri)) for ref in refs if ref.id not in stored and _is_unlisted(ref.uri)]
            yield from readers.map(
                lambda ref, stored=stored, earlier=earlier: _compared(
                    ref, stored.get(ref.id), earlier, files, fingerprint
                ),
                refs,
            )
        yield from _orphans(documents, rejected, unlisted)
        for _, uri in rejected.remaining():
            if not _covered(uri, unlisted):
                on_leftover(uri)


def _list_documents(scopes: Iterable[Scope], index: Index, documents: IdStore) -> None:
    for scope in scopes:
        for prefix in scope.prefixes:
            documents.add(item for item in index.scan(prefix) if scope.covers(item[1]))


def _list_rejections(scopes: Sequence[Scope], records: RejectionRecords, recorded: IdStore, rejected: IdStore) -> None:
    """All records as `recorded`, by the ids of their images, and the uris of those in the scopes as `rejected`."""
    for batch in records.batches():
        recorded.add((item.ref.id, encode_rejection(item).decode()) for item in batch.values())
        rejected.add((item.ref.id, uri) for uri, item in batch.items() if _covered(uri, scopes))


def _rejections(recorded: Mapping[str, str]) -> dict[str, Rejection]:
    found = (decode_rejection(text.encode()) for text in recorded.values())
    return {item.ref.uri: item for item in found}


def _orphans(documents: IdStore, rejected: IdStore, unlisted: Sequence[Scope]) -> Iterator[Finding]:
    """Documents that the source does not name, except in folders that could not be listed: their content is unknown."""
    remaining = documents.remaining()
    while batch := list(islice(remaining, REFS_PER_REQUEST)):
        # The rejection of an image that kept its document goes with the document.
        rejected.discard(id for id, _ in batch)
        yield from (Finding(SyncStatus.ORPHANED, id, uri) for id, uri in batch if not _covered(uri, unlisted))


def _covered(uri: str, scopes: Sequence[Scope]) -> bool:
    return any(scope.covers(uri) for scope in scopes)


def _compared(ref: ImageRef, stored: Stored | None, earlier: Remembered, files: Files, fingerprint: str) -> Finding:
    if isinstance(ref, UnlistedFolder):
        # A job rejects it once; what is below it stays as it is.
        status = SyncStatus.REJECTED if earlier.has(ref.uri) else SyncStatus.UNREADABLE
        return Finding(status, ref.id, ref.uri, ref, is_recorded=earlier.has(ref.uri))
    rejection = earlier.of(ref, is_stored=stored is not None)
    if rejection is not None and rejection.rejected.kept and stored is None:
        # Someone has deleted the document: a job has to say so in the record.
        rejection = None
    status = _status(ref, stored, rejection, earlier, files, fingerprint)
    return Finding(status, ref.id, ref.uri, ref, is_recorded=earlier.has(ref.uri))


def _status(
    ref: ImageRef,
    stored: Stored | None,
    rejection: Rejection | None,
    earlier: Remembered,
    files: Files,
    fingerprint: str,
) -> SyncStatus:
    if stored is None and rejection is None:
        # Not read: the file is read by the job that has to ingest it.
        return SyncStatus.MISSING if _is_file(ref.uri) else SyncStatus.UNREADABLE
    etag = earlier.etag(ref)
    if rejection is not None and etag and etag == rejection.basis.etag:
        return SyncStatus.REJECTED
    try:
        content_sha256 = hashlib.sha256(files.read(ref.uri)).hexdigest()
    except ImageRejected as error:
        if stored is not None and error.reason in GONE:
            return SyncStatus.ORPHANED
        stands = rejection is not None and rejection.rejected.reason is error.reason
        return SyncStatus.REJECTED if stands else SyncStatus.UNREADABLE
    if rejection is not None and rejection.basis.content_sha256 == content_sha256:
        return SyncStatus.REJECTED
    if stored is None:
        return SyncStatus.MISSING
    if stored.model != fingerprint:
        return SyncStatus.WRONG_MODEL
    return SyncStatus.PRESENT if stored.is_of(ref, content_sha256) else SyncStatus.STALE


def _is_file(uri: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(local_path(uri)).st_mode)
    except (OSError, ValueError, ImageRejected):
        return False


def _is_unlisted(uri: str) -> bool:
    """Whether `uri` may be a folder: a walk passes on a folder that it cannot list as if it were an image."""
    try:
        return stat.S_ISDIR(os.stat(local_path(uri)).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError, ImageRejected):
        return False
    except OSError:
        return True
