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
    """A job that took `seconds`. Once it has ended, `found` is the sum of `indexed`, `unchanged` and `rejected`.

    `reasons` counts the rejected images by reason, and `details` says what was wrong with one of them.
    `still_rejected` of the rejected images were rejected by an earlier job and were not tried again, because nothing
    has changed since. `annotated` of the indexed images were not embedded again: only label or
    metadata had changed.
    """

    job: str
    index: str
    model: str
    found: int
    indexed: int
    unchanged: int
    rejected: int
    seconds: float
    reasons: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    still_rejected: int = 0
    annotated: int = 0

    @property
    def is_all_rejected(self) -> bool:
        """Whether there were images and each of them was rejected: that is no success."""
        return 0 < self.found == self.rejected

    @property
    def done(self) -> int:
        """Images that are accounted for: fewer than `found` while a detached job runs."""
        return self.indexed + self.unchanged + self.rejected

    @property
    def images_per_second(self) -> float:
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
