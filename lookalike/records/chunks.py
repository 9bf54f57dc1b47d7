"""The references of one task, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lookalike.records.references import ImageRef
from lookalike.records.rejections import Basis, Rejected


@dataclass(frozen=True)
class Chunk:
    """The references of one task, a part of a job.

    `id` is unique across jobs: "job/number"; "job/number.part" for a part of a chunk that was split, with four digits,
    or for images of it that were put aside, with more.
    """

    id: str
    job: str
    refs: tuple[ImageRef, ...]

    @property
    def origin(self) -> str:
        """The id of the chunk that was cut from the sources; documents store it."""
        return self.id.partition(".")[0]

    def parts(self) -> list["Chunk"]:
        """One chunk per reference."""
        return [Chunk(f"{self.id}.{number:04d}", self.job, (ref,)) for number, ref in enumerate(self.refs)]


@dataclass(frozen=True)
class Wait:
    """Why images wait for their host, and since when, in seconds since 1970.

    `since` begins again whenever the host makes progress, `first_at` never. `tries` is how often they were put aside.
    `counted_from` is when a store was back that was away altogether, 0 if it was not: that time does not count.
    """

    host: str
    why: str
    first_at: float
    since: float
    tries: int = 1
    counted_from: float = 0.0


@dataclass(frozen=True)
class PutAside:
    """Images of a chunk that their host does not give now: they become a chunk of their own, which is sent in
    `pause_s`."""

    refs: tuple[ImageRef, ...]
    wait: Wait
    pause_s: float


@dataclass(frozen=True)
class Outcome:
    """The result of a chunk; every reference counts exactly once, in one of the first three or in `aside`.

    `repeated` are the uris of rejected ones that an earlier job had rejected, with nothing changed since. `bases`
    are those of the rejections, by uri. `settled` are the uris of images that are in the index: what the ledger records
    about an earlier rejection of them no longer holds. `annotated` of the indexed ones kept their vectors: only label
    or metadata differed.
    """

    indexed: int
    unchanged: int
    rejected: tuple[Rejected, ...] = ()
    repeated: frozenset[str] = frozenset()
    bases: Mapping[str, Basis] = field(default_factory=dict)
    settled: tuple[str, ...] = ()
    aside: tuple[PutAside, ...] = ()
    annotated: int = 0

    @property
    def still_rejected(self) -> int:
        """How many of the rejected references an earlier job had rejected, with nothing changed since."""
        return sum(item.uri in self.repeated for item in self.rejected)
