"""A job as the ledger records it."""

import json
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from lookalike.shown import shortened

#: Sources that a job's record names: a glob without quotes gives thousands.
NAMED_SOURCES = 10


class JobKind(StrEnum):
    """What a job does: it ingests images, or puts those of an index on a map."""

    INGEST = "ingest"
    MAP = "map"


class JobState(StrEnum):
    """The states of a job; the last four are final. A map is MAPPING until it ends."""

    ENUMERATING = "enumerating"
    DRAINING = "draining"
    CANCELLING = "cancelling"
    FINISHING = "finishing"
    MAPPING = "mapping"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"


#: How the fields of a job's record begin that count its rejected images by reason.
REASON = "reason:"
#: A job in one of these does not change any more.
FINAL = frozenset({JobState.FINISHED, JobState.FAILED, JobState.INTERRUPTED, JobState.CANCELLED})


@dataclass(frozen=True)
class Job:
    """One ingest, or one map; times are in seconds since 1970, UTC."""

    id: str
    """Id of the job."""
    state: JobState
    """What the job does now, or how it ended."""
    source: str
    """Up to eleven sources, one per line, or ten and how many more there are."""
    index: str
    """Name of the index."""
    index_address: str
    """URL of the index, without credentials."""
    model: str
    """Name of the model."""
    spec: str
    """The spec of the model, as JSON."""
    fingerprint: str
    """Fingerprint of the model: vectors with different fingerprints are never compared."""
    started_at: float
    """When it began, in seconds since 1970."""
    ended_at: float | None
    """When it ended, in seconds since 1970; None while it runs."""
    found: int
    """Images that it found."""
    indexed: int
    """Images that were written to the index."""
    unchanged: int
    """Images that were in the index already, with the same bytes, label and metadata."""
    rejected: int
    """Images that were not indexed, each with a reason."""
    resent: int
    """Messages that were sent again, because a worker or a message was lost."""
    error: str
    """Why it failed; empty if it did not."""
    is_bound: bool = False
    """Whether the job ends with the process that waits for it, as its broker and worker do."""
    version: str = ""
    """The version that the name of the index pointed to when the job began."""
    tries_again: bool = False
    """Whether images that an earlier job rejected are tried again, although nothing has changed."""
    still_rejected: int = 0
    """Rejected images that an earlier job rejected, with nothing changed since."""
    annotated: int = 0
    """Indexed images that kept their vectors, because only label or metadata had changed."""
    named: tuple[str, ...] = ()
    """Web addresses that its command named."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """How many images were rejected for each reason, the most frequent reason first."""
    kind: JobKind = JobKind.INGEST
    """Whether it ingests images or makes a map."""
    placed: int = 0
    """Of a map: images that have a place on it."""
    reported_at: float = 0.0
    """Of a map: when its process reported last, in seconds since 1970."""

    @property
    def place(self) -> str:
        """Where its images are indexed, for the ledger's records of rejections."""
        return place_of(self.index_address, self.version or self.index)

    @property
    def has_ended(self) -> bool:
        """Whether its state is final."""
        return self.state in FINAL

    @property
    def is_worked_on(self) -> bool:
        """Whether workers take its chunks."""
        return not (self.has_ended or self.state is JobState.CANCELLING)

    @property
    def done(self) -> int:
        """Images that are accounted for; of a map, those that have a place."""
        return self.indexed + self.unchanged + self.rejected + self.placed

    @property
    def not_done(self) -> int:
        """Images that a job found and that nobody worked on, because it was cancelled or failed; 0 while it runs."""
        return self.found - self.done if self.has_ended else 0

    def abandoned(self) -> "Job":
        """The job as it is if its process reports no more: nobody else goes on with a map, or ends it."""
        return replace(self, state=JobState.INTERRUPTED, ended_at=self.reported_at)


def new_job_id(now: float) -> str:
    """An id that no other job has, and that begins with its time."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + secrets.token_hex(3)


def named_sources(source: str) -> str:
    """The sources, one per line, as a record names them. Has no effect when repeated."""
    lines = [shortened(line) for line in source.split("\n")]
    more = len(lines) - NAMED_SOURCES
    return "\n".join(lines if more <= 1 else [*lines[:NAMED_SOURCES], f"... and {more:,} more"])


def place_of(index_address: str, version: str) -> str:
    """The name of one version of an index, in the ledger's records of rejections."""
    return f"{index_address} {version}"


def parse_job(job_id: str, fields: Mapping[bytes, bytes]) -> Job:
    """The job from the fields of its Redis hash. Raises KeyError or ValueError for a malformed record."""
    text = {name.decode(): value.decode() for name, value in fields.items()}
    reasons = {name.removeprefix(REASON): int(value) for name, value in text.items() if name.startswith(REASON)}
    names = ("found", "indexed", "unchanged", "rejected", "resent", "still_rejected", "annotated", "placed")
    counts = {name: int(text.get(name, 0)) for name in names}
    return Job(
        id=job_id,
        state=JobState(text["state"]),
        source=named_sources(text["source"]),
        index=text["index"],
        index_address=text["index_address"],
        model=text["model"],
        spec=text["spec"],
        fingerprint=text["fingerprint"],
        started_at=float(text["started_at"]),
        ended_at=float(text["ended_at"]) if text.get("ended_at") else None,
        error=text.get("error", ""),
        is_bound=text.get("bound") == "1",
        version=text.get("version", ""),
        tries_again=bool(text.get("tries_again")),
        named=tuple(map(str, json.loads(text.get("named") or "[]"))),
        reasons=dict(Counter(reasons).most_common()),
        kind=JobKind(text.get("kind") or JobKind.INGEST),
        reported_at=float(text.get("reported_at") or 0.0),
        **counts,
    )
