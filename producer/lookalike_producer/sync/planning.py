"""What a sync would do."""

from collections.abc import Iterator
from contextlib import closing

from lookalike import factories
from lookalike.errors import IndexMissing
from lookalike.settings import Settings
from lookalike_producer.absence import Absence
from lookalike_producer.devices import Devices
from lookalike_producer.diff import Diff
from lookalike_producer.finding import Finding, SyncStatus
from lookalike_producer.metadata_loss import lost_metadata
from lookalike_producer.places import Places, placed
from lookalike_producer.refused import RefusedReference
from lookalike_producer.rejection_records import OpenLedger
from lookalike_producer.scope import walked
from lookalike_producer.sources import find_images
from lookalike_producer.sync.compared import Compared, records_of
from lookalike_producer.sync.orphans import planned_deletion
from lookalike_producer.sync.report import SyncReport, every_status
from lookalike_producer.sync.sources import Sources


def plan(
    settings: Settings, sources: Sources, *, open_ledger: OpenLedger, delete: bool = False, accept_devices: bool = False
) -> SyncReport:
    """What `sync` would do. Raises SourceMissing, BrokerUnavailable, DiskFull, what the index raises."""
    factories.model_spec(settings)
    places = placed(sources.names)
    with closing(Diff(deletes=delete)) as diff, closing(factories.open_index(settings)) as index:
        try:
            records = records_of(settings, index, open_ledger)
            compared = Compared(settings, sources, places, index, records, factories.working_spec(settings))
            diff.collect(compared.findings(leaves_changed=True))
        except IndexMissing:
            diff.collect(_all_missing(sources, places))
        in_folders = walked(places, sources.options)
        absence = Absence(Devices(settings), in_folders, hosts=diff.hosts, accepts_devices=accept_devices)
        deletion = planned_deletion(diff, absence, sources, None, index) if delete else None
        return SyncReport(
            every_status(diff.counts),
            0,
            None,
            deletion,
            diff.to_ingest,
            to_renew=diff.to_renew,
            metadata_loss=lost_metadata(diff) if diff.losing else None,
        )


def _all_missing(sources: Sources, places: Places) -> Iterator[Finding]:
    """The findings for an index that does not exist yet."""
    found = find_images(places, sources.label_from, sources.options, tables=sources.columns)
    for ref in found:
        status = SyncStatus.UNREADABLE if isinstance(ref, RefusedReference) else SyncStatus.MISSING
        yield Finding(status, ref.id, ref.uri, ref)
