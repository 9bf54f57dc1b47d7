"""A job as the ledger records it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class JobState(StrEnum):
    """The states of a job; the last three are final."""

    ENUMERATING = "enumerating"
    DRAINING = "draining"
    FINISHING = "finishing"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Job:
    """One ingest; times are in seconds since 1970, UTC.

    `resent` counts the messages that the reconciler sent again.
    `index_address` is the URL of the index without credentials; `spec` is the model's spec as JSON.
    """

    id: str
    state: JobState
    source: str
    index: str
    index_address: str
    model: str
    spec: str
    fingerprint: str
    started_at: float
    ended_at: float | None
    found: int
    indexed: int
    unchanged: int
    rejected: int
    resent: int
    error: str

    @property
    def has_ended(self) -> bool:
        return self.state in (JobState.FINISHED, JobState.FAILED, JobState.INTERRUPTED)

    @property
    def done(self) -> int:
        return self.indexed + self.unchanged + self.rejected


def parse_job(job_id: str, fields: Mapping[bytes, bytes]) -> Job:
    """The job from the fields of its Redis hash. Raises KeyError or ValueError for a malformed record."""
    text = {name.decode(): value.decode() for name, value in fields.items()}
    counts = {name: int(text.get(name, 0)) for name in ("found", "indexed", "unchanged", "rejected", "resent")}
    return Job(
        id=job_id,
        state=JobState(text["state"]),
        source=text["source"],
        index=text["index"],
        index_address=text["index_address"],
        model=text["model"],
        spec=text["spec"],
        fingerprint=text["fingerprint"],
        started_at=float(text["started_at"]),
        ended_at=float(text["ended_at"]) if text.get("ended_at") else None,
        error=text.get("error", ""),
        **counts,
    )
