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
    """One ingest, or one map; times are in seconds since 1970, UTC.

    `source` names up to eleven sources, one per line, or ten and how many more there are.
    `resent` counts the messages that the reconciler sent again.
    `index_address` is the URL of the index without credentials; `spec` is the model's spec as JSON. `version` is the
    version that the index's name pointed to when the job began. `still_rejected` is how many of the rejected images an
    earlier job had rejected, with nothing changed since; with `tries_again` these are tried again. `annotated` of the
    indexed images kept their vectors: only label or metadata had changed. `named` are the web addresses that its
    command named (`roots.named_prefixes`).
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
    #: Whether the job ends with the process that waits for it, as its broker and worker do.
    is_bound: bool = False
    version: str = ""
    tries_again: bool = False
    still_rejected: int = 0
    annotated: int = 0
    named: tuple[str, ...] = ()
    #: The number of rejected images for each reason, the most frequent first.
    reasons: Mapping[str, int] = field(default_factory=dict)
    kind: JobKind = JobKind.INGEST
    #: Of a map: the number of images that have a place on it, and when its process reported last.
    placed: int = 0
    reported_at: float = 0.0

    @property
    def place(self) -> str:
        """Where its images are indexed, for the ledger's records of rejections."""
        return place_of(self.index_address, self.version or self.index)

    @property
    def has_ended(self) -> bool:
        return self.state in FINAL

    @property
    def is_worked_on(self) -> bool:
        """Whether workers take its chunks."""
        return not (self.has_ended or self.state is JobState.CANCELLING)

    @property
    def done(self) -> int:
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
