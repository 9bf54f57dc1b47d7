"""A comparison that changes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from lookalike import factories
from lookalike.settings import Settings
from lookalike_producer.diff import SETTLED
from lookalike_producer.finding import Finding, SyncStatus
from lookalike_producer.places import placed
from lookalike_producer.rejection_records import OpenLedger
from lookalike_producer.sync.compared import Compared, records_of
from lookalike_producer.sync.report import every_status
from lookalike_producer.sync.sources import Sources

#: Examples of each status, in a `Verification`.
EXAMPLES = 5


@dataclass(frozen=True)
class Verification:
    """How many images have each status, with the first few of each but PRESENT."""

    counts: Mapping[SyncStatus, int]
    """How many images have each status."""
    examples: Mapping[SyncStatus, Sequence[Finding]]
    """For each status but `present`, up to five images."""

    @property
    def is_in_sync(self) -> bool:
        """Whether each image of the sources is in the index, unchanged, or rejected for a reason that stands, and the
        index has no others."""
        return all(status in SETTLED or not count for status, count in self.counts.items())


def verify(settings: Settings, sources: Sources, open_ledger: OpenLedger) -> Verification:
    """Compare sources with the configured index and the rejections in the ledger.

    Raises SourceMissing, what the index raises, BrokerUnavailable, DiskFull.
    """
    counts: Counter[SyncStatus] = Counter()
    examples: dict[SyncStatus, list[Finding]] = {status: [] for status in SyncStatus if status != SyncStatus.PRESENT}
    with closing(factories.open_index(settings)) as index:
        records = records_of(settings, index, open_ledger)
        places = placed(sources.names)
        compared = Compared(settings, sources, places, index, records, factories.working_spec(settings))
        for finding in compared.findings():
            counts[finding.status] += 1
            some = examples.get(finding.status, [])
            if len(some) < EXAMPLES:
                some.append(finding)
    return Verification(every_status(counts), examples)
