"""Makes an index match its sources."""

from collections.abc import Callable, Collection
from contextlib import closing, suppress

from lookalike import factories
from lookalike.embedding import ModelSpec
from lookalike.errors import IndexMissing
from lookalike.index import Index
from lookalike.settings import Settings
from lookalike_producer.deletion import Confirm, Deletion
from lookalike_producer.devices import Devices
from lookalike_producer.diff import Diff
from lookalike_producer.job_request import JobRequest
from lookalike_producer.metadata_loss import MetadataLoss, check, lost_metadata
from lookalike_producer.named import remote_scheme
from lookalike_producer.new_etags import add_etags
from lookalike_producer.part import Part, part_of
from lookalike_producer.places import Places, placed
from lookalike_producer.preparation import prepare
from lookalike_producer.rejection_records import OpenLedger
from lookalike_producer.report import Report
from lookalike_producer.scope import scopes
from lookalike_producer.sources import find_images, find_tables
from lookalike_producer.sync.compared import Compared, records_of
from lookalike_producer.sync.order import EverythingNeeded, Order
from lookalike_producer.sync.orphans import delete_orphans
from lookalike_producer.sync.report import SyncReport, every_status
from lookalike_producer.sync.sources import Sources
from lookalike_producer.tables.source import TableSource

#: Images that one request forgets or changes.
IDS_PER_REQUEST = 1000


def sync(
    settings: Settings,
    sources: Sources,
    *,
    run: Callable[[JobRequest], Report],
    open_ledger: OpenLedger,
    delete: bool = False,
    confirm: Confirm = lambda loss: False,
    ask_always: bool = False,
    accept_devices: bool = False,
    on_note: Callable[[str], None] = lambda note: None,
    changed: Collection[str] | None = None,
) -> SyncReport:
    """Ingest what is missing, stale or of another model, and what cannot be read, so that it is rejected; with
    `delete`, delete the orphans before. Rejections of images that are gone, or indexed, are forgotten.

    Orphans that may still exist are kept: below a folder that is empty or cannot be read, or that was on another device
    when they were found, unless `accept_devices`. `confirm` is asked about a large deletion, and with `ask_always`
    about any; and before metadata is removed from a large share of the images.

    If nothing but `changed` paths has changed since the last sync, only these are compared, where that is as good.

    `run` runs the job. Raises what it raises, SourceMissing, DeletionRefused, MetadataLossRefused, what the index
    raises, BrokerUnavailable, DiskFull.
    """
    order = Order(run, open_ledger, delete, confirm, ask_always, accept_devices, on_note)
    if changed is not None:
        with suppress(EverythingNeeded):
            return _synced(settings, sources, order, changed)
    return _synced(settings, sources, order, None)


def _synced(settings: Settings, sources: Sources, order: Order, changed: Collection[str] | None) -> SyncReport:
    """Sync everything, or what has changed. Raises EverythingNeeded."""
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
        records = records_of(settings, index, order.open_ledger)
        if prepared.is_new:
            records.forget_all()
        compared = Compared(settings, sources, places, index, records, spec)
        diff.collect(compared.findings(diff.add_leftover, mounts.update, tables, part, leaves_changed=True))
        loss = _checked_loss(diff, order, part)
        devices = Devices(settings)
        deletion = delete_orphans(compared, diff, devices, order, part) if order.delete else None
        if part is None:
            _record(devices, mounts, deletion)
        records.forget(diff.leftovers(IDS_PER_REQUEST))
        add_etags(diff.new_etags(IDS_PER_REQUEST), index)
        job = order.run(_request(settings, spec, sources, diff, tables)) if diff.to_ingest else None
        return SyncReport(
            every_status(diff.counts),
            deletion.count if deletion else 0,
            job,
            deletion,
            diff.to_ingest,
            is_whole=part is None,
            to_renew=diff.to_renew,
            metadata_loss=loss,
        )


def _checked(sources: Sources, places: Places) -> TableSource:
    """The tables among the sources, all of which are there. Raises SourceMissing and the like."""
    tables = find_tables(places, sources.columns, sources.options)
    find_images(places, sources.label_from, sources.options, tables=tables)
    return tables


def _part(sources: Sources, changed: Collection[str], index: Index) -> Part:
    """Raises EverythingNeeded."""
    local = [name for name in sources.names if remote_scheme(name) is None]
    in_scope = scopes(local, (), sources.options)
    with suppress(IndexMissing):
        if part := part_of(local, sources.options, in_scope, changed, index):
            return part
    raise EverythingNeeded


def _checked_loss(diff: Diff, order: Order, part: Part | None) -> MetadataLoss | None:
    """The metadata that images lose, if they lose any. Raises EverythingNeeded, MetadataLossRefused."""
    loss = lost_metadata(diff)
    if part is not None and loss.needs_consent:
        # Whether it is a large share depends on all images of the sources.
        raise EverythingNeeded
    check(loss, order.confirm)
    return loss if loss.count else None


def _record(devices: Devices, mounts: set[str], deletion: Deletion | None) -> None:
    """Remember the devices; where another one was expected, the former one, until somebody accepts it."""
    if deletion is None:
        devices.add(mounts)
    else:
        devices.replace(mounts, deletion.moved)


def _request(settings: Settings, spec: ModelSpec, sources: Sources, diff: Diff, tables: TableSource) -> JobRequest:
    return JobRequest(
        settings,
        spec,
        source="\n".join(sources.names),
        references=diff.references,
        count=lambda: diff.to_ingest,
        notes=tables.notes,
        fields=tables.fields,
        named=sources.web_roots,
    )
