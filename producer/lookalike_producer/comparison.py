"""A source held against an index, image by image and in constant memory; knows neither jobs nor any one index.

The index's side is noted first and the source is walked afterwards: so an image that is ingested meanwhile is never
taken for an orphan.
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
from lookalike_producer.id_store import Holdings
from lookalike_producer.scope import Territory

#: References looked up in one request.
REFS_PER_REQUEST = 1000
#: Files read and hashed at once; each may be as large as the largest image.
READERS = 4

Read = Callable[[str], bytes]


class SyncStatus(StrEnum):
    """What a comparison says of one image."""

    #: In the index as the source has it.
    PRESENT = "present"
    #: In the source, not in the index.
    MISSING = "missing"
    #: In the index with other bytes, another label or other metadata.
    STALE = "stale"
    #: In the index, its vector made by another model.
    WRONG_MODEL = "wrong_model"
    #: Named by the source, but no file can be read there.
    UNREADABLE = "unreadable"
    #: In the index, but no longer in the source that answers for it; or its file is gone.
    ORPHANED = "orphaned"


@dataclass(frozen=True)
class Finding:
    """One image; `ref` is None for an orphan, which has only the `id` of its document."""

    fate: SyncStatus
    id: str
    uri: str
    ref: ImageRef | None = None


def compare(
    references: Iterable[ImageRef], territories: Sequence[Territory], *, index: Index, read: Read, fingerprint: str
) -> Iterator[Finding]:
    """A finding for every reference, then one for every orphan in the territories.

    Raises what the index raises, SourceUnavailable when the place of an image is away, DiskFull.
    """
    with closing(Holdings()) as holdings, ThreadPoolExecutor(READERS) as readers:
        index.refresh()
        _note(territories, index, holdings)
        blind: list[Territory] = []
        remaining = iter(references)
        while refs := list(islice(remaining, REFS_PER_REQUEST)):
            held = index.stored([ref.id for ref in refs], is_fresh=False)
            holdings.strike(ref.id for ref in refs)
            blind += [Territory(local_path(ref.uri)) for ref in refs if ref.id not in held and _may_hide(ref.uri)]
            yield from readers.map(lambda ref, held=held: _judged(ref, held.get(ref.id), read, fingerprint), refs)
        yield from _orphans(holdings, blind)


def _note(territories: Iterable[Territory], index: Index, holdings: Holdings) -> None:
    for territory in territories:
        for prefix in territory.prefixes:
            holdings.add(item for item in index.scan(prefix) if territory.covers(item[1]))


def _orphans(holdings: Holdings, blind: Sequence[Territory]) -> Iterator[Finding]:
    """What the source does not account for, but for folders that could not be listed: nobody knows what they hold."""
    for id, uri in holdings.left():
        if not any(territory.covers(uri) for territory in blind):
            yield Finding(SyncStatus.ORPHANED, id, uri)


def _judged(ref: ImageRef, held: Stored | None, read: Read, fingerprint: str) -> Finding:
    return Finding(_fate(ref, held, read, fingerprint), ref.id, ref.uri, ref)


def _fate(ref: ImageRef, held: Stored | None, read: Read, fingerprint: str) -> SyncStatus:
    if held is None:
        return SyncStatus.MISSING if _is_file(ref.uri) else SyncStatus.UNREADABLE
    try:
        content_sha256 = hashlib.sha256(read(ref.uri)).hexdigest()
    except ImageRejected as error:
        return SyncStatus.ORPHANED if error.reason is Reason.NOT_FOUND else SyncStatus.UNREADABLE
    if held.model != fingerprint:
        return SyncStatus.WRONG_MODEL
    same = (held.content_sha256, held.name, dict(held.metadata)) == (content_sha256, ref.label, dict(ref.metadata))
    return SyncStatus.PRESENT if same else SyncStatus.STALE


def _is_file(uri: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(local_path(uri)).st_mode)
    except (OSError, ValueError, ImageRejected):
        return False


def _may_hide(uri: str) -> bool:
    """Whether images may lie under `uri`: a walk hands on a folder that it could not list as if it were an image."""
    try:
        return stat.S_ISDIR(os.stat(local_path(uri)).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError, ImageRejected):
        return False
    except OSError:
        return True
