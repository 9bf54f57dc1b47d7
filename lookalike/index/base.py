"""The contract of an index: a named place for the vectors of one model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lookalike.records import Diagnostic, Document, Match, ModelIdentity, Rejected, Stored, Vector

#: Of `Index.scan_documents`: 500 vectors of 1280 dimensions are 13 MB as OpenSearch's JSON.
DOCUMENTS_PER_BATCH = 500


@dataclass(frozen=True)
class IndexOptions:
    """How to connect to an index and how to create it. LanceDB uses `retry_s` only."""

    #: `lucene` needs no native library; `faiss` crashes a node that lacks its own; `nmslib` only before OpenSearch 3.
    engine: str = "lucene"
    #: How the engine stores a vector: `none` is float32; `byte` takes a quarter of it, `fp16` half, `bit` 1/32.
    quantization: str = "none"
    #: `on_disk` keeps compressed vectors in memory and the full ones on disk; `` is the server's default, `in_memory`.
    mode: str = ""
    #: OpenSearch's compression level, such as `16x`; `` is the server's default.
    compression: str = ""
    #: Links per node of the HNSW graph.
    m: int = 16
    #: Candidates considered when a vector is added to the graph.
    ef_construction: int = 100
    #: Candidates considered by a search; at least k are.
    ef_search: int = 100
    shards: int = 1
    replicas: int = 0
    #: A file of certificate authorities to trust instead of the public ones.
    ca_certs: str | None = None
    #: Files of the client certificate and its key, for a server that requires one.
    client_cert: str | None = None
    client_key: str | None = None
    #: Sign requests for this AWS region, and for the AWS service `es` or `aoss`.
    aws_region: str | None = None
    aws_service: str = "es"
    #: Allow credentials over plain HTTP to another machine.
    insecure: bool = False
    #: Timeout of one request.
    timeout_s: float = 60.0
    #: How long one `write` or `delete` retries when the index pushes back.
    retry_s: float = 20.0


@dataclass(frozen=True)
class IndexInfo:
    """One line of `lookalike index list`: one version of the index `name`, such as "images-v2" of "images"."""

    name: str
    version: str
    model: ModelIdentity
    documents: int
    size_bytes: int
    #: Whether `name` points to this version.
    is_current: bool = True


@dataclass(frozen=True)
class Inspection:
    """The state of an index server: one line on the server, and one on the index (empty if it does not exist)."""

    server: str
    index: str = ""
    #: How far the server's clock is ahead of ours; None if unknown.
    skew_s: float | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


class CpuClock(Protocol):
    """Reads the CPU time of an index server."""

    def cpu_s(self) -> float | None:
        """CPU seconds since the server started, not older than the call; None if the user may not read them.

        Raises IndexUnavailable."""


class Index(Protocol):
    """Documents that can be written and searched. Do not share it across a fork: open one per process.

    Every method may raise IndexUnavailable (temporary), and AccessDenied, DiskFull, IndexMissing, IndexConflict or
    BadSetting (permanent).
    """

    name: str

    def ensure(self, model: ModelIdentity) -> None:
        """Create the index for `model` if it does not exist. Raises ModelMismatch if it is for another model."""

    def model(self) -> ModelIdentity:
        """The model whose vectors the index holds. Raises IndexMissing."""

    def version(self) -> str:
        """The version that the name points to now, such as "images-v2". Raises IndexMissing."""

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        """What the index holds of these ids; ids without a document are not in the result.

        It includes every earlier `write`. With `is_fresh=False` it may miss those since the last `refresh`, which
        makes it ten times faster in OpenSearch."""

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        """Store documents under their ids, replacing those that exist. They are durable when this returns, except
        the returned ones, which the index rejects for good (reason `bad_vector` or `refused`).

        Raises ModelMismatch if a document comes from another model."""

    def search(
        self, vector: Vector, k: int, filters: Mapping[str, str] | None = None, *, fingerprint: str | None = None
    ) -> list[Match]:
        """The k nearest documents, best first. `vector` is float32 [dimension]. `filters` are equalities on `name`,
        `uri` or `metadata.KEY`. `fingerprint` is that of the model that made the vector, if known.

        Raises ModelMismatch if the index holds vectors of another model, ImageRejected (`bad_vector`) for a vector of
        the wrong shape, with NaN or of length zero, BadSetting for another filter."""

    def get(self, id: str) -> Document | None:
        """One document with its vector, or None."""

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Id and URI of every document whose URI starts with `prefix`, in no particular order, read in batches.

        It is a snapshot of the documents that a search sees when the first one is read; later writes and deletes do
        not change it."""

    def scan_documents(self, batch_size: int = DOCUMENTS_PER_BATCH) -> Iterator[list[Document]]:
        """Every document with its vector, in no particular order, in batches of 1 to `batch_size`. Only one batch is
        in memory at a time. A snapshot, as in `scan`."""

    def delete(self, ids: Iterable[str]) -> None:
        """Remove documents; ids without a document are ignored."""

    def definition(self) -> dict[str, Any]:
        """How the backend has built the index: `settings` and `mappings` of OpenSearch, or the `columns` of LanceDB
        with their types. For people to read. Raises IndexMissing."""

    def count(self) -> int:
        """The number of documents that a search sees."""

    def labels(self, limit: int) -> dict[str, int]:
        """The number of documents for each of the `limit` most frequent names, among those that a search sees: the
        most frequent first, equal ones sorted by name. Documents without a name are not counted."""

    def refresh(self) -> None:
        """Make every earlier write visible to searches."""

    def begin_load(self) -> None:
        """Enter bulk-load mode, which makes writes cheaper until `end_load`. Calling it again has no effect."""

    def is_loading(self) -> bool:
        """Whether the index is in bulk-load mode."""

    def end_load(self) -> None:
        """Leave bulk-load mode, whoever entered it: restore the settings, make the writes visible and compact what
        they left. Calling it again has no effect."""

    def optimize(self, segments: int = 1) -> Iterator[int]:
        """Merge the index into at most `segments` pieces per shard; yields the number of pieces from time to time.

        The merge goes on in the server if the caller stops iterating."""

    def drop(self) -> None:
        """Delete the index: the name and the version that it points to. Raises IndexMissing."""

    def close(self) -> None:
        """Release connections."""
