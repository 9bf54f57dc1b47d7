"""Compares a source with an index, image by image, in constant memory.

Documents and rejections are listed first and the source is walked afterwards, so an image that is ingested in between
is never reported as an orphan.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import chain

from lookalike.batches import batched
from lookalike.errors import ImageRejected
from lookalike.index import Index
from lookalike.messages import decode_rejection, encode_rejection
from lookalike.reading.places import LOCAL, kind_of
from lookalike.records import ImageRef, Rejection, document_id
from lookalike.remembered import Remembered
from lookalike.storage import local_path
from lookalike.uris import member_of
from lookalike_producer.examiner import Examiner, Files
from lookalike_producer.finding import Finding, SyncStatus
from lookalike_producer.id_store import IdStore
from lookalike_producer.part import Part, Whole
from lookalike_producer.refused import RefusedReference
from lookalike_producer.rejection_records import RejectionRecords
from lookalike_producer.unlisted import Unlisted

#: References looked up in one request.
REFS_PER_REQUEST = 1000
#: Images that are looked at at once; a look at a store takes 20 ms, at a host ten times as long.
LOOKERS = 32


def compare(
    references: Iterable[ImageRef],
    extent: Whole | Part,
    *,
    index: Index,
    files: Files,
    records: RejectionRecords,
    fingerprint: str,
    on_leftover: Callable[[str], None] = lambda uri: None,
) -> Iterator[Finding]:
    """A finding for every reference, then one for every orphan in the extent, which is that of the references.

    `on_leftover` is called with the uri of every rejected image in it that is neither in the source nor in the index
    any more.

    Raises what the index raises, BrokerUnavailable, SourceUnavailable for a source that cannot be read now, DiskFull.
    """
    with ExitStack() as open_files:
        documents, recorded, rejected = (open_files.enter_context(closing(IdStore())) for _ in range(3))
        lookers = open_files.enter_context(ThreadPoolExecutor(LOOKERS))
        index.refresh()
        examiner = Examiner(files, fingerprint, index.fields())
        documents.add(extent.documents(index))
        _list_rejections(extent, records, recorded, rejected)
        unlisted = Unlisted()
        listed: set[str] = set()
        for refs in batched(references, REFS_PER_REQUEST):
            ids = [ref.id for ref in refs]
            stored = index.stored(ids, is_fresh=False)
            earlier = Remembered(_rejections(recorded.get(ids)), look=files.look, rules=files.rules)
            documents.discard(ids)
            rejected.discard(ids)
            _add_unlisted(unlisted, (ref for ref in refs if ref.id not in stored))
            listed |= _recorded_archives(refs, recorded)
            yield from lookers.map(
                lambda ref, stored=stored, earlier=earlier: examiner.examined(ref, stored.get(ref.id), earlier), refs
            )
        yield from _orphans(documents, rejected, unlisted)
        # An archive that a list names is in no scope.
        for uri in chain((uri for _, uri in rejected.remaining()), listed):
            if not unlisted.covers(uri):
                on_leftover(uri)


def _list_rejections(extent: Whole | Part, records: RejectionRecords, recorded: IdStore, rejected: IdStore) -> None:
    """The records as `recorded`, by the ids of their images, and the uris of those in the extent as `rejected`."""
    for batch in extent.rejections(records):
        recorded.add((item.ref.id, encode_rejection(item).decode()) for item in batch.values())
        rejected.add((item.ref.id, uri) for uri, item in batch.items() if extent.covers(item))


def _rejections(recorded: Mapping[str, str]) -> dict[str, Rejection]:
    found = (decode_rejection(text.encode()) for text in recorded.values())
    return {item.ref.uri: item for item in found}


def _recorded_archives(refs: Iterable[ImageRef], recorded: IdStore) -> set[str]:
    """The archives that were listed for these references, and that are recorded as rejected."""
    listed = {member.archive for ref in refs if ref.span is not None and (member := member_of(ref.uri))}
    uris = {document_id(uri): uri for uri in listed}
    return {uris[id] for id in recorded.get(list(uris))}


def _add_unlisted(unlisted: Unlisted, refs: Iterable[ImageRef]) -> None:
    for ref in refs:
        if isinstance(ref, RefusedReference):
            unlisted.add_reference(ref)
        elif kind_of(ref.uri) == LOCAL and _is_folder(ref.uri):
            unlisted.add(ref.uri)


def _orphans(documents: IdStore, rejected: IdStore, unlisted: Unlisted) -> Iterator[Finding]:
    """Documents that the source does not name, except where it could not be listed: what is there is unknown."""
    for batch in batched(documents.remaining(), REFS_PER_REQUEST):
        # The rejection of an image that kept its document goes with the document.
        rejected.discard(id for id, _ in batch)
        yield from (Finding(SyncStatus.ORPHANED, id, uri) for id, uri in batch if not unlisted.covers(uri))


def _is_folder(uri: str) -> bool:
    """Whether `uri` may be a folder: a list may name one, whose content is not compared then."""
    try:
        return stat.S_ISDIR(os.stat(local_path(uri)).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError, ImageRejected):
        return False
    except OSError:
        return True
