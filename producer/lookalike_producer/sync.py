"""Makes an index match its sources, and counts the differences."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from lookalike import factories
from lookalike.errors import SourceMissing
from lookalike.index import Index
from lookalike.ledger import place_of
from lookalike.settings import Settings
from lookalike_producer.callbacks import ignore
from lookalike_producer.comparison import Files, Finding, SyncStatus, compare
from lookalike_producer.diff import SETTLED, TO_INGEST, Diff
from lookalike_producer.ingest import described
from lookalike_producer.jobs import JobRequest
from lookalike_producer.places import STDIN
from lookalike_producer.preparation import prepare
from lookalike_producer.rejection_records import OpenLedger, RejectionRecords
from lookalike_producer.report import Report
from lookalike_producer.scope import scopes
from lookalike_producer.sources import find_images
from lookalike_producer.walk.options import USUAL, WalkOptions

#: Documents deleted in one request.
IDS_PER_REQUEST = 1000
#: Examples of each status, in a `Verification`.
EXAMPLES = 5


@dataclass(frozen=True)
class Sources:
    """Folders, globs, lists and images by `names`; `label_from` is "parent" or "none".

    `within` are folders that a list of images is complete for; `options` those of the walk.
    """

    names: Sequence[str]
    label_from: str = "parent"
    within: Sequence[str] = ()
    options: WalkOptions = USUAL


@dataclass(frozen=True)
class Verification:
    """How many images have each status, with the first few of each but PRESENT."""

    counts: Mapping[SyncStatus, int]
    examples: Mapping[SyncStatus, Sequence[Finding]]

    @property
    def is_in_sync(self) -> bool:
        """Whether each image of the sources is in the index, unchanged, or rejected for a reason that stands, and the
        index has no others."""
        return all(status in SETTLED or not count for status, count in self.counts.items())


@dataclass(frozen=True)
class SyncReport:
    """The differences, the number of deleted orphans, and the report on the ingest; None if nothing was ingested."""

    counts: Mapping[SyncStatus, int]
    deleted: int
    job: Report | None


def verify(settings: Settings, sources: Sources, open_ledger: OpenLedger) -> Verification:
    """Compare sources with the configured index and the rejections in the ledger.

    Raises SourceMissing, what the index raises, BrokerUnavailable, DiskFull.
    """
    counts: Counter[SyncStatus] = Counter()
    examples: dict[SyncStatus, list[Finding]] = {status: [] for status in SyncStatus if status != SyncStatus.PRESENT}
    with closing(factories.open_index(settings)) as index:
        for finding in _findings(settings, sources, index, _records(settings, index, open_ledger)):
            counts[finding.status] += 1
            some = examples.get(finding.status, [])
            if len(some) < EXAMPLES:
                some.append(finding)
    return Verification(_all(counts), examples)


def sync(
    settings: Settings,
    sources: Sources,
    *,
    run: Callable[[JobRequest], Report],
    open_ledger: OpenLedger,
    delete: bool = False,
    on_note: Callable[[str], None] = lambda note: None,
) -> SyncReport:
    """Ingest what is missing, stale or of another model, and what cannot be read, so that it is rejected; with
    `delete`, delete the orphans before. Rejections of images that are gone, or indexed, are forgotten.

    `run` runs the job. Raises what it raises, SourceMissing, what the index raises, BrokerUnavailable, DiskFull.
    """
    spec = factories.model_spec(settings)
    find_images(sources.names, sources.label_from, sources.options)
    with closing(Diff(deletes=delete)) as diff, closing(factories.open_index(settings)) as index:
        prepared = prepare(settings, spec, with_artifact=False, on_note=on_note)
        records = _records(settings, index, open_ledger)
        if prepared.is_new:
            records.forget_all()
        diff.collect(_findings(settings, sources, index, records, on_leftover=diff.add_leftover))
        deleted = _delete_orphans(diff, index, records, sources.names) if delete else 0
        for uris in diff.leftovers(IDS_PER_REQUEST):
            records.forget(uris)
        request = JobRequest(
            settings,
            spec,
            source=described(sources.names),
            references=diff.references,
            count=lambda: diff.to_ingest,
        )
        return SyncReport(_all(diff.counts), deleted, run(request) if diff.to_ingest else None)


def _records(settings: Settings, index: Index, open_ledger: OpenLedger) -> RejectionRecords:
    return RejectionRecords(open_ledger, place_of(settings.index_address, index.version()))


def _findings(
    settings: Settings,
    sources: Sources,
    index: Index,
    records: RejectionRecords,
    on_leftover: Callable[[str], None] = ignore,
) -> Iterator[Finding]:
    """The findings, as they come."""
    references = find_images(sources.names, sources.label_from, sources.options)
    in_scope = scopes(sources.names, sources.within, sources.options)
    storage = factories.storage(settings)
    return compare(
        references,
        in_scope,
        index=index,
        files=Files(storage.read, storage.look, factories.rejection_rules(settings)),
        records=records,
        fingerprint=factories.model_spec(settings).fingerprint,
        on_leftover=on_leftover,
    )


def _delete_orphans(diff: Diff, index: Index, records: RejectionRecords, sources: Sequence[str]) -> int:
    """Delete the orphans from the index, and the rejections that had kept them; returns how many there were.

    Raises SourceMissing."""
    _check_sources(diff, sources)
    for batch in diff.orphans(IDS_PER_REQUEST):
        index.delete(id for id, _ in batch)
        records.forget([uri for _, uri in batch])
    index.refresh()
    return diff.counts[SyncStatus.ORPHANED]


def _check_sources(diff: Diff, sources: Sequence[str]) -> None:
    """A folder that is not mounted looks as if all of its images had been deleted. Raises SourceMissing."""
    if not diff.counts[SyncStatus.ORPHANED]:
        return
    has_images = any(diff.counts[status] for status in (SyncStatus.PRESENT, *TO_INGEST))
    empty = next((source for source in sources if _is_empty(source)), None) if has_images else sources[0]
    if empty is not None:
        raise SourceMissing(
            f"{empty!r} holds no image that can be read, so nothing is deleted.",
            "Check that it is mounted. If it is empty on purpose, name a folder above it.",
        )


def _is_empty(source: str) -> bool:
    return source != STDIN and next(find_images([source]), None) is None


def _all(counts: Mapping[SyncStatus, int]) -> dict[SyncStatus, int]:
    """Every status with its count, in the order of their declaration."""
    return {status: counts.get(status, 0) for status in SyncStatus}
