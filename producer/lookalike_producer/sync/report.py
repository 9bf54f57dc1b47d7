"""What a sync has done, or would do."""

from collections.abc import Mapping
from dataclasses import dataclass

from lookalike_producer.deletion import Deletion
from lookalike_producer.finding import SyncStatus
from lookalike_producer.report import Report


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


def every_status(counts: Mapping[SyncStatus, int]) -> dict[SyncStatus, int]:
    """Every status with its count, in the order of their declaration."""
    return {status: counts.get(status, 0) for status in SyncStatus}
