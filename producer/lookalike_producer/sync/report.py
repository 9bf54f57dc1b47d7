"""What a sync has done, or would do."""

from collections.abc import Mapping
from dataclasses import dataclass

from lookalike_producer.deletion import Deletion
from lookalike_producer.finding import SyncStatus
from lookalike_producer.metadata_loss import MetadataLoss
from lookalike_producer.report import Report


@dataclass(frozen=True)
class SyncReport:
    """What a sync found and did; with `dry_run`, what it would do."""

    counts: Mapping[SyncStatus, int]
    """How many images have each status, before the sync."""
    deleted: int
    """Orphans that were deleted from the index."""
    job: Report | None
    """The report on the ingest; None if nothing was ingested."""
    deletion: Deletion | None = None
    """What was deleted and what was kept, or with `dry_run` would be; None without `delete`."""
    to_ingest: int = 0
    """Images that a job looked at, or would."""
    is_whole: bool = True
    """Whether everything was compared, and not only what `changed` names."""
    to_renew: int = 0
    """Rejected images of which only label or metadata had changed."""
    metadata_loss: MetadataLoss | None = None
    """Images that have lost metadata, or would, because the sources no longer give it; None if there are none."""

    @property
    def not_tried(self) -> int:
        """How many images stay rejected without a job that looks at them."""
        return self.counts[SyncStatus.REJECTED] - self.to_renew

    @property
    def is_all_rejected(self) -> bool:
        """Whether the sources have images and each of them is rejected now. Such a sync is no success."""
        indexed = self.counts[SyncStatus.PRESENT] + (self.job.indexed + self.job.unchanged if self.job else 0)
        return not indexed and bool(self.not_tried or (self.job and self.job.rejected))


def every_status(counts: Mapping[SyncStatus, int]) -> dict[SyncStatus, int]:
    """Every status with its count, in the order of their declaration."""
    return {status: counts.get(status, 0) for status in SyncStatus}
