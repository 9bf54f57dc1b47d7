"""The contract every index keeps: one index is a named place for the vectors of one model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lookalike.records import Diagnostic, Document, Match, ModelIdentity, Rejected, Stored, Vector


@dataclass(frozen=True)
class IndexOptions:
    """How an index is reached and, if it has to be created, built. The embedded index uses `patience_s` alone."""

    #: `lucene` needs no native library; `faiss` crashes a node that lacks its own; `nmslib` only before OpenSearch 3.
    engine: str = "lucene"
    #: What the engine keeps of a vector: `none` is float32; `byte` takes a quarter, `fp16` half, `bit` a thirty-second.
    quantization: str = "none"
    #: `on_disk` keeps compressed vectors in memory and the whole ones on disk; `` is the server's `in_memory`.
    mode: str = ""
    #: OpenSearch's compression level, such as `16x`; `` leaves it to the server.
    compression: str = ""
    #: Links per node of the HNSW graph.
    m: int = 16
    #: Candidates looked at while a vector is linked in.
    ef_construction: int = 100
    #: Candidates looked at by a search; never fewer than k.
    ef_search: int = 100
    shards: int = 1
    replicas: int = 0
    #: A file with the certificate authorities to trust instead of the public ones.
    ca_certs: str | None = None
    #: Files with our own certificate and its key, for a server that demands one.
    client_cert: str | None = None
    client_key: str | None = None
    #: Sign requests for this region of AWS, as meant for its service `es` or `aoss`.
    aws_region: str | None = None
    aws_service: str = "es"
    #: Allow credentials over plain HTTP to another machine.
    insecure: bool = False
    #: For one request.
    timeout_s: float = 60.0
    #: How long one `write` or `delete` insists when the index pushes back; longer waits are the caller's.
    patience_s: float = 20.0


@dataclass(frozen=True)
class IndexInfo:
    """One line of `lookalike index list`: `name` is what readers use, `physical` one version of it."""

    name: str
    physical: str
    model: ModelIdentity
    documents: int
    size_bytes: int
    #: Whether `name` points to this version.
    is_current: bool = True


@dataclass(frozen=True)
class Inspection:
    """What an index server tells a person: a line on itself and one on the index, empty if there is none."""

    server: str
    index: str = ""
    #: How far its clock is before ours; None where it does not tell.
    skew_s: float | None = None
    concerns: tuple[Diagnostic, ...] = ()


class Index(Protocol):
    """Where documents are written and searched. Not safe to share across a fork: open one per process.

    Every method may raise IndexUnavailable (temporary), AccessDenied, DiskFull, IndexMissing, IndexConflict or
    BadSetting (permanent).
    """

    name: str

    def ensure(self, model: ModelIdentity) -> None:
        """Create the index for `model` if it is missing. Raises ModelMismatch if it was made for another."""

    def model(self) -> ModelIdentity:
        """The model whose vectors are in here. Raises IndexMissing."""

    def physical(self) -> str:
        """The version that the name points to now. Raises IndexMissing."""

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        """What is held of these ids; absent ids are absent from the answer. Sees every earlier `write`, or, where it
        need not be fresh, at least those before the last `refresh`: OpenSearch tells that ten times as fast."""

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        """Store the documents under their ids, overwriting. All are durable when this returns, but for the
        ones returned: those the index refuses for good (reason `bad_vector` or `refused`).
        Raises ModelMismatch if a document comes from another model."""

    def search(
        self, vector: Vector, k: int, filters: Mapping[str, str] | None = None, *, fingerprint: str | None = None
    ) -> list[Match]:
        """The k nearest documents, best first. `filters` are equalities on `name`, `uri` or `metadata.KEY`.
        Raises ModelMismatch unless the version that answers holds vectors of the model `fingerprint`, if one is given.
        Raises ImageRejected (`bad_vector`) for a vector that has no neighbours, BadSetting for another filter."""

    def get(self, id: str) -> Document | None:
        """One document with its vector, or None."""

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Id and uri of every document whose uri begins with `prefix`, in no promised order and a batch at a time:
        those visible to a search when the first one is asked for, whatever is written or deleted meanwhile."""

    def delete(self, ids: Iterable[str]) -> None:
        """Remove documents; ids that are not there are ignored."""

    def count(self) -> int:
        """Documents visible to a search."""

    def labels(self, limit: int) -> dict[str, int]:
        """How many of the documents visible to a search bear each name: the `limit` most frequent, those first, equal
        ones by name. Documents without a name are in none."""

    def refresh(self) -> None:
        """Make every earlier write visible to searches."""

    def begin_load(self) -> None:
        """Turn down what only slows a load; `end_load` turns it up again, after a crash as well. Safe to repeat."""

    def is_loading(self) -> bool:
        """Whether a load was begun and not settled."""

    def end_load(self) -> None:
        """End a load: make it visible and compact what the load left behind. Safe to repeat."""

    def optimize(self, segments: int = 1) -> Iterator[int]:
        """Merge what the index consists of into at most `segments` pieces; gives how many there are, now and then.
        Whoever stops asking leaves a server's merge running."""

    def drop(self) -> None:
        """Delete the index: the name and what it points to. Raises IndexMissing."""

    def close(self) -> None:
        """Release connections."""
