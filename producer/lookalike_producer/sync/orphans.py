"""The documents that a sync deletes, because their images are gone."""

from collections.abc import Iterable
from itertools import chain, islice

from lookalike.errors import SourceMissing
from lookalike.index import Index
from lookalike_producer.absence import Absence
from lookalike_producer.deletion import Deletion, check, planned, unquestioned
from lookalike_producer.devices import Devices
from lookalike_producer.diff import TO_INGEST, Diff
from lookalike_producer.finding import SyncStatus
from lookalike_producer.named import remote_scheme
from lookalike_producer.part import Part, Whole
from lookalike_producer.rejection_records import RejectionRecords
from lookalike_producer.scope import walked
from lookalike_producer.sources import find_images
from lookalike_producer.sync.compared import Compared
from lookalike_producer.sync.order import EverythingNeeded, Order
from lookalike_producer.sync.sources import Sources
from lookalike_producer.tables.files import STDIN

#: Documents deleted in one request.
IDS_PER_REQUEST = 1000


def planned_deletion(
    diff: Diff, absence: Absence, sources: Sources, part: Part | None, index: Index, *, asks_always: bool = False
) -> Deletion:
    """What is deleted. Raises SourceMissing."""
    _check_sources(diff, sources, part)
    deletion = planned(diff, absence, asks_always=asks_always)
    if part is not None and deletion.count:
        # Whether it is large depends on all images of the sources; no more are counted than are needed to know.
        documents = islice(Whole(part.scopes).documents(index), deletion.harmless_among)
        deletion.documents = max(deletion.documents, sum(1 for _ in documents))
    return deletion


def delete_orphans(compared: Compared, diff: Diff, devices: Devices, order: Order, part: Part | None) -> Deletion:
    """What is deleted, now, unless somebody has to agree and does not. Raises EverythingNeeded, SourceMissing,
    DeletionRefused."""
    sources, index = compared.sources, compared.index
    in_folders = walked(compared.places, sources.options) if part is None else part.walked
    absence = Absence(devices, in_folders, hosts=diff.hosts, accepts_devices=order.accept_devices)
    deletion = planned_deletion(diff, absence, sources, part, index, asks_always=order.ask_always)
    if part is not None and deletion.needs_consent:
        raise EverythingNeeded
    check(deletion, order.confirm)
    _delete(unquestioned(diff, absence, IDS_PER_REQUEST), index, compared.records)
    return deletion


def _delete(batches: Iterable[list[tuple[str, str]]], index: Index, records: RejectionRecords) -> None:
    """Delete documents, by id and uri, and the rejections that had kept them; opens no ledger if there are none."""
    remaining = iter(batches)
    if first := next(remaining, None):
        with records.forgetting() as forget:
            for batch in chain((first,), remaining):
                index.delete(id for id, _ in batch)
                forget([uri for _, uri in batch])
    index.refresh()


def _check_sources(diff: Diff, sources: Sources, part: Part | None) -> None:
    """A folder that is not mounted looks as if all of its images had been deleted. Raises SourceMissing."""
    if not diff.counts[SyncStatus.ORPHANED]:
        return
    has_images = part is not None or any(diff.counts[status] for status in (SyncStatus.PRESENT, *TO_INGEST))
    named = [name for name in sources.names if part is None or remote_scheme(name) is None]
    empty = next((name for name in named if _is_empty(name, sources)), None) if has_images else named[0]
    if empty is not None:
        raise SourceMissing(
            f"{empty!r} holds no image that can be read, so nothing is deleted.",
            "Check that it is mounted. If it is empty on purpose, remove it and name a folder above it.",
        )


def _is_empty(source: str, sources: Sources) -> bool:
    if source == STDIN:
        return False
    found = find_images([source], options=sources.options, tables=sources.columns, is_preview=True)
    return next(found, None) is None
