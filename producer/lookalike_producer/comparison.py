"""Compares a source with an index, image by image, in constant memory.

The documents of the index are listed first and the source is walked afterwards, so an image that is ingested in
between is never reported as an orphan.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from lookalike.errors import ImageRejected
from lookalike.index import Index
from lookalike.records import ImageRef, Reason, Stored
from lookalike.storage import local_path
from lookalike_producer.id_store import IdStore
from lookalike_producer.scope import Scope

#: References looked up in one request.
REFS_PER_REQUEST = 1000
#: Files that are read and hashed at once; each may be as large as the largest image.
READERS = 4

Read = Callable[[str], bytes]


class SyncStatus(StrEnum):
    """The status of one image of the source or of the index."""

    #: In the index, and the same in the source.
    PRESENT = "present"
    #: In the source, but not in the index.
    MISSING = "missing"
    #: In the index with other bytes, another label or other metadata.
    STALE = "stale"
    #: In the index with a vector of another model.
    WRONG_MODEL = "wrong_model"
    #: In the source, but its file cannot be read.
    UNREADABLE = "unreadable"
    #: In the index, but no longer in the source whose scope it is in; or its file is gone.
    ORPHANED = "orphaned"


@dataclass(frozen=True)
class Finding:
    """The status of one image. `ref` is None for an orphan that the source does not name."""

    status: SyncStatus
    id: str
    uri: str
    ref: ImageRef | None = None


def compare(
    references: Iterable[ImageRef], scopes: Sequence[Scope], *, index: Index, read: Read, fingerprint: str
) -> Iterator[Finding]:
    """A finding for every reference, then one for every orphan in the scopes.

    Raises what the index raises, SourceUnavailable for a source that cannot be read for now, DiskFull.
    """
    with closing(IdStore()) as unaccounted, ThreadPoolExecutor(READERS) as readers:
        index.refresh()
        _list_documents(scopes, index, unaccounted)
        unlisted: list[Scope] = []
        remaining = iter(references)
        while refs := list(islice(remaining, REFS_PER_REQUEST)):
            stored = index.stored([ref.id for ref in refs], is_fresh=False)
            unaccounted.discard(ref.id for ref in refs)
            unlisted += [Scope(local_path(ref.uri)) for ref in refs if ref.id not in stored and _is_unlisted(ref.uri)]
            yield from readers.map(
                lambda ref, stored=stored: _compared(ref, stored.get(ref.id), read, fingerprint), refs
            )
        yield from _orphans(unaccounted, unlisted)


def _list_documents(scopes: Iterable[Scope], index: Index, documents: IdStore) -> None:
    for scope in scopes:
        for prefix in scope.prefixes:
            documents.add(item for item in index.scan(prefix) if scope.covers(item[1]))


def _orphans(unaccounted: IdStore, unlisted: Sequence[Scope]) -> Iterator[Finding]:
    """Documents that the source does not name, except in folders that could not be listed: their content is unknown."""
    for id, uri in unaccounted.remaining():
        if not any(scope.covers(uri) for scope in unlisted):
            yield Finding(SyncStatus.ORPHANED, id, uri)


def _compared(ref: ImageRef, stored: Stored | None, read: Read, fingerprint: str) -> Finding:
    return Finding(_status(ref, stored, read, fingerprint), ref.id, ref.uri, ref)


def _status(ref: ImageRef, stored: Stored | None, read: Read, fingerprint: str) -> SyncStatus:
    if stored is None:
        return SyncStatus.MISSING if _is_file(ref.uri) else SyncStatus.UNREADABLE
    try:
        content_sha256 = hashlib.sha256(read(ref.uri)).hexdigest()
    except ImageRejected as error:
        return SyncStatus.ORPHANED if error.reason is Reason.NOT_FOUND else SyncStatus.UNREADABLE
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
