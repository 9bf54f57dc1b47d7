"""The numbers of a job's images, by outcome."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from lookalike.records import Rejected

if TYPE_CHECKING:
    from lookalike.ledger import Job

#: Rejected images that are looked at for a detail of each reason.
LOOKED_AT = 1000


@dataclass(frozen=True)
class Report:
    """A job that took `seconds`. Once it has ended, `found` is the sum of `indexed`, `unchanged` and `rejected`."""

    job: str
    """Id of the job."""
    index: str
    """Name of the index."""
    model: str
    """The model of the vectors."""
    found: int
    """Images that the job found."""
    indexed: int
    """Images that were written to the index."""
    unchanged: int
    """Images that were in the index already, with the same bytes, label and metadata."""
    rejected: int
    """Images that were not indexed, each with a reason."""
    seconds: float
    """How long the job took; from `ingest`, with the start of the private Redis and worker."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """How many images were rejected for each reason."""
    details: Mapping[str, str] = field(default_factory=dict)
    """For each reason, what was wrong with one of its images."""
    still_rejected: int = 0
    """Rejected images that an earlier job rejected. They were not tried again, because nothing has changed since."""
    annotated: int = 0
    """Indexed images that were not embedded again, because only label or metadata had changed."""

    @property
    def is_all_rejected(self) -> bool:
        """Whether there were images and each of them was rejected. Such a job is no success."""
        return 0 < self.found == self.rejected

    @property
    def done(self) -> int:
        """Images that are accounted for: fewer than `found` while a detached job runs."""
        return self.indexed + self.unchanged + self.rejected

    @property
    def images_per_second(self) -> float:
        """How many images were accounted for in a second, on average."""
        return self.done / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.found:,} found = {self._indexed} + {self.unchanged:,} unchanged"
            f" + {self._rejected}  in {self.seconds:.1f} s ({self.images_per_second:,.0f} images/s),"
            f" index {self.index}, job {self.job}"
        )

    @property
    def _indexed(self) -> str:
        return f"{self.indexed:,} indexed" + (f" ({self.annotated:,} annotated)" if self.annotated else "")

    @property
    def _rejected(self) -> str:
        new = f"{self.rejected - self.still_rejected:,} rejected"
        return f"{new} + {self.still_rejected:,} rejected (unchanged)" if self.still_rejected else new


def report_on(job: "Job", seconds: float, rejected: Iterable[Rejected] = ()) -> Report:
    """The report on a job, which took so many seconds. `rejected` are its rejected images, or some of them."""
    return Report(
        job=job.id,
        index=job.index,
        model=job.model,
        found=job.found,
        indexed=job.indexed,
        unchanged=job.unchanged,
        rejected=job.rejected,
        seconds=seconds,
        reasons=job.reasons,
        details={item.reason.value: item.detail for item in islice(rejected, LOOKED_AT)},
        still_rejected=job.still_rejected,
        annotated=job.annotated,
    )
