"""Makes an index match its sources, and counts the differences."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain, islice

from lookalike import factories
from lookalike.embedding import ModelSpec
from lookalike.errors import IndexMissing, SourceMissing
from lookalike.index import Index
from lookalike.ledger import place_of
from lookalike.reading.reader import Reader
from lookalike.roots import named_prefixes
from lookalike.settings import Settings
from lookalike_producer.absence import Absence
from lookalike_producer.callbacks import ignore
from lookalike_producer.comparison import compare
from lookalike_producer.deletion import Confirm, Deletion, check, planned, unquestioned
from lookalike_producer.devices import Devices
from lookalike_producer.diff import SETTLED, TO_INGEST, Diff
from lookalike_producer.examiner import Files
from lookalike_producer.finding import Finding, SyncStatus
from lookalike_producer.jobs import JobRequest
from lookalike_producer.named import remote_scheme
from lookalike_producer.new_etags import add_etags
from lookalike_producer.part import Part, Whole, part_of
from lookalike_producer.places import Places, placed
from lookalike_producer.preparation import prepare
from lookalike_producer.refused import RefusedReference
from lookalike_producer.rejection_records import OpenLedger, RejectionRecords
from lookalike_producer.report import Report
from lookalike_producer.scope import scopes, walked
from lookalike_producer.sources import OnMounts, find_changed, find_images, find_tables
from lookalike_producer.tables.files import STDIN
from lookalike_producer.tables.options import AS_FOUND, TableOptions
from lookalike_producer.tables.source import TableSource
from lookalike_producer.walk.options import USUAL, WalkOptions

#: Documents deleted in one request.
IDS_PER_REQUEST = 1000
#: Examples of each status, in a `Verification`.
EXAMPLES = 5


@dataclass(frozen=True)
class Sources:
    """Folders, globs, lists and images by `names`; `label_from` is "parent" or "none".

    `within` are folders and addresses that a list of images is complete for; `options` those of the walk, `columns`
    those of tables. `thorough` reads every image, also what has the etag that it had.
    """

    names: Sequence[str]
    label_from: str = "parent"
    within: Sequence[str] = ()
    options: WalkOptions = USUAL
    columns: TableOptions = AS_FOUND
    thorough: bool = False


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
    """The differences, the number of deleted orphans, and the report on the ingest; None if nothing was ingested.

    `deletion` is what was deleted and what was kept in doubt, or with `dry_run` would be; None without `delete`.
    `to_ingest` is the number of images that a job looked at, or would; `to_renew` of them are rejected, and only their
    records get another label or other metadata. `is_whole`: everything was compared, and not only what has changed.
    """

    counts: Mapping[SyncStatus, int]
    deleted: int
    job: Report | None
    deletion: Deletion | None = None
    to_ingest: int = 0
    is_whole: bool = True
    to_renew: int = 0

    @property
    def not_tried(self) -> int:
        """How many images stay rejected without a job that looks at them."""
        return self.counts[SyncStatus.REJECTED] - self.to_renew


@dataclass(frozen=True)
class _Order:
    """What the caller of `sync` wants."""

    run: Callable[[JobRequest], Report]
    open_ledger: OpenLedger
    delete: bool
    confirm: Confirm
    ask_always: bool
    accept_devices: bool
    on_note: Callable[[str], None]


class _EverythingNeeded(Exception):
    """To compare what has changed is not enough."""


def verify(settings: Settings, sources: Sources, open_ledger: OpenLedger) -> Verification:
    """Compare sources with the configured index and the rejections in the ledger.

    Raises SourceMissing, what the index raises, BrokerUnavailable, DiskFull.
    """
    counts: Counter[SyncStatus] = Counter()
    examples: dict[SyncStatus, list[Finding]] = {status: [] for status in SyncStatus if status != SyncStatus.PRESENT}
    with closing(factories.open_index(settings)) as index:
        records = _records(settings, index, open_ledger)
        places = placed(sources.names)
        for finding in _findings(settings, sources, places, index, records, factories.working_spec(settings)):
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
    confirm: Confirm = lambda deletion: False,
    ask_always: bool = False,
    accept_devices: bool = False,
    on_note: Callable[[str], None] = lambda note: None,
    changed: Collection[str] | None = None,
) -> SyncReport:
    """Ingest what is missing, stale or of another model, and what cannot be read, so that it is rejected; with
    `delete`, delete the orphans before. Rejections of images that are gone, or indexed, are forgotten.

    Orphans that may still exist are kept: below a folder that is empty or cannot be read, or that was on another device
    when they were found, unless `accept_devices`. `confirm` is asked about a large deletion, and with `ask_always`
    about any.

    If nothing but `changed` paths has changed since the last sync, only these are compared, where that is as good.

    `run` runs the job. Raises what it raises, SourceMissing, DeletionRefused, what the index raises, BrokerUnavailable,
    DiskFull.
    """
    order = _Order(run, open_ledger, delete, confirm, ask_always, accept_devices, on_note)
    if changed is not None:
        with suppress(_EverythingNeeded):
            return _synced(settings, sources, order, changed)
    return _synced(settings, sources, order, None)


def _synced(settings: Settings, sources: Sources, order: _Order, changed: Collection[str] | None) -> SyncReport:
    """Sync everything, or what has changed. Raises _EverythingNeeded."""
    # Of what has changed, the folders alone are looked at.
    places = placed(sources.names) if changed is None else Places()
    tables = TableSource((), sources.columns) if changed is not None else _checked(sources, places)
    spec = factories.working_spec(settings)
    mounts: set[str] = set()
    with closing(Diff(deletes=order.delete)) as diff, closing(factories.open_index(settings)) as index:
        part = None if changed is None else _part(sources, changed, index)
        with suppress(IndexMissing):
            tables.fit(index.fields())
        prepared = prepare(settings, spec, with_artifact=False, fields=tables.fields, on_note=order.on_note)
        records = _records(settings, index, order.open_ledger)
        if prepared.is_new:
            records.forget_all()
        findings = _findings(
            settings,
            sources,
            places,
            index,
            records,
            spec,
            diff.add_leftover,
            mounts.update,
            tables,
            part,
            leaves_changed=True,
        )
        diff.collect(findings)
        devices = Devices(settings)
        in_folders = walked(places, sources.options) if part is None else part.walked
        absence = Absence(devices, in_folders, hosts=diff.hosts, accepts_devices=order.accept_devices)
        deletion = None
        if order.delete:
            deletion = _planned(diff, absence, sources, part, index, asks_always=order.ask_always)
        if deletion is not None:
            if part is not None and deletion.needs_consent:
                raise _EverythingNeeded
            check(deletion, order.confirm)
            _delete(unquestioned(diff, absence, IDS_PER_REQUEST), index, records)
        if part is None:
            _record(devices, mounts, deletion)
        _forget(diff.leftovers(IDS_PER_REQUEST), records)
        add_etags(diff.new_etags(IDS_PER_REQUEST), index)
        job = order.run(_request(settings, spec, sources, diff, tables)) if diff.to_ingest else None
        deleted = deletion.count if deletion else 0
        return SyncReport(
            _all(diff.counts), deleted, job, deletion, diff.to_ingest, is_whole=part is None, to_renew=diff.to_renew
        )


def _request(settings: Settings, spec: ModelSpec, sources: Sources, diff: Diff, tables: TableSource) -> JobRequest:
    return JobRequest(
        settings,
        spec,
        source="\n".join(sources.names),
        references=diff.references,
        count=lambda: diff.to_ingest,
        notes=tables.notes,
        fields=tables.fields,
        named=named_prefixes([*sources.names, f"{sources.columns.base}/"]),
    )


def plan(
    settings: Settings, sources: Sources, *, open_ledger: OpenLedger, delete: bool = False, accept_devices: bool = False
) -> SyncReport:
    """What `sync` would do. Raises SourceMissing, BrokerUnavailable, DiskFull, what the index raises."""
    factories.model_spec(settings)
    places = placed(sources.names)
    with closing(Diff(deletes=delete)) as diff, closing(factories.open_index(settings)) as index:
        try:
            records = _records(settings, index, open_ledger)
            spec = factories.working_spec(settings)
            diff.collect(_findings(settings, sources, places, index, records, spec, leaves_changed=True))
        except IndexMissing:
            diff.collect(_all_missing(sources, places))
        in_folders = walked(places, sources.options)
        absence = Absence(Devices(settings), in_folders, hosts=diff.hosts, accepts_devices=accept_devices)
        deletion = _planned(diff, absence, sources, None, index) if delete else None
        return SyncReport(_all(diff.counts), 0, None, deletion, diff.to_ingest, to_renew=diff.to_renew)


def _checked(sources: Sources, places: Places) -> TableSource:
    """The tables among the sources, all of which are there. Raises SourceMissing and the like."""
    tables = find_tables(places, sources.columns, sources.options)
    find_images(places, sources.label_from, sources.options, tables=tables)
    return tables


def _part(sources: Sources, changed: Collection[str], index: Index) -> Part:
    """Raises _EverythingNeeded."""
    local = [name for name in sources.names if remote_scheme(name) is None]
    in_scope = scopes(local, (), sources.options)
    with suppress(IndexMissing):
        if part := part_of(local, sources.options, in_scope, changed, index):
            return part
    raise _EverythingNeeded


def _all_missing(sources: Sources, places: Places) -> Iterator[Finding]:
    """The findings for an index that does not exist yet."""
    found = find_images(places, sources.label_from, sources.options, tables=sources.columns)
    for ref in found:
        status = SyncStatus.UNREADABLE if isinstance(ref, RefusedReference) else SyncStatus.MISSING
        yield Finding(status, ref.id, ref.uri, ref)


def _record(devices: Devices, mounts: set[str], deletion: Deletion | None) -> None:
    """Remember the devices; where another one was expected, the former one, until somebody accepts it."""
    if deletion is None:
        devices.add(mounts)
    else:
        devices.replace(mounts, deletion.moved)


def _records(settings: Settings, index: Index, open_ledger: OpenLedger) -> RejectionRecords:
    return RejectionRecords(open_ledger, place_of(settings.index_address, index.version()))


def _findings(
    settings: Settings,
    sources: Sources,
    places: Places,
    index: Index,
    records: RejectionRecords,
    spec: ModelSpec,
    on_leftover: Callable[[str], None] = ignore,
    on_mounts: OnMounts | None = None,
    tables: TableSource | None = None,
    part: Part | None = None,
    *,
    leaves_changed: bool = False,
) -> Iterator[Finding]:
    """The findings, as they come, on everything or on a part. Metadata is compared as the index holds it."""
    names, options = sources.names, sources.options
    extent: Whole | Part
    if part is not None:
        extent, references = part, find_changed(part, sources.label_from, options, sources.columns)
    else:
        tables = tables or find_tables(places, sources.columns, options)
        tables.fit(index.fields())
        extent = Whole(scopes(places, sources.within, options))
        references = find_images(places, sources.label_from, options, on_mounts, tables)
    reader = factories.reader(settings, named=named_prefixes([*names, f"{sources.columns.base}/"]))
    rules = factories.rejection_rules(settings)
    findings = compare(
        references,
        extent,
        index=index,
        files=Files(reader.fetch, reader.state, reader.look, rules, sources.thorough, leaves_changed),
        records=records,
        fingerprint=spec.fingerprint,
        on_leftover=on_leftover,
    )
    return _closing(reader, findings)


def _closing(reader: Reader, findings: Iterator[Finding]) -> Iterator[Finding]:
    with closing(reader):
        yield from findings


def _planned(
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


def _delete(batches: Iterable[list[tuple[str, str]]], index: Index, records: RejectionRecords) -> None:
    """Delete documents, and the rejections that had kept them; opens no ledger if there are none."""
    remaining = iter(batches)
    if first := next(remaining, None):
        with records.forgetting() as forget:
            for batch in chain((first,), remaining):
                index.delete(id for id, _ in batch)
                forget([uri for _, uri in batch])
    index.refresh()


def _forget(batches: Iterator[list[str]], records: RejectionRecords) -> None:
    """Forget rejections; opens no ledger if there are none."""
    if first := next(batches, None):
        with records.forgetting() as forget:
            for uris in chain((first,), batches):
                forget(uris)


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


def _all(counts: Mapping[SyncStatus, int]) -> dict[SyncStatus, int]:
    """Every status with its count, in the order of their declaration."""
    return {status: counts.get(status, 0) for status in SyncStatus}
