"""The contract of an index: a named collection of documents with the vectors of one model."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lookalike.errors import LookalikeError
from lookalike.filters import Condition, Filters, Scalar
from lookalike.index.annotation import Annotated, Annotation
from lookalike.index.tally import Tally
from lookalike.metadata import Fields
from lookalike.queries.listing import Listing, Row
from lookalike.records import Diagnostic, Document, Match, ModelIdentity, Rejected, Stored, Vector

#: Of `Index.scan_documents`: 500 vectors of 1280 dimensions are 13 MB as OpenSearch's JSON.
DOCUMENTS_PER_BATCH = 500


@dataclass(frozen=True)
class AnnState:
    """The approximate-nearest-neighbour (ANN) index of one version: how many vectors it holds, and whether it is being
    built now. Vectors that it does not hold are compared one by one."""

    vectors: int
    is_building: bool


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
    #: None where the server keeps it in step by itself.
    ann: AnnState | None = None


@dataclass(frozen=True)
class Inspection:
    """The state of an index server: one line on the server, and one on the index (empty if it does not exist)."""

    server: str
    index: str = ""
    #: How far the server's clock is ahead of ours; None if unknown.
    skew_s: float | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, eq=False)
class VectorQuery:
    """The arguments of one `Index.search`."""

    vector: Vector
    k: int
    filters: tuple[Condition, ...] = ()
    fingerprint: str | None = None
    exact: bool = False


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

    def fields(self) -> Fields:
        """The metadata fields that the index holds, with their types. Raises IndexMissing."""

    def declare(self, fields: Fields) -> None:
        """Add metadata fields with their types; those that the index has already with the same type are no change.
        Several clients may declare at the same time.

        Raises IndexConflict for a field that the index has with another type, BadSetting for a name that is none or
        more than `metadata.MAX_FIELDS` fields in all, IndexMissing."""

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        """What the index holds of these ids; ids without a document are not in the result.

        It includes every earlier `write`. With `is_fresh=False` it may miss those since the last `refresh`, which
        makes it ten times faster in OpenSearch."""

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        """Store documents under their ids, replacing those that exist. They are durable when this returns, except
        the returned ones, which the index rejects for good (reason `bad_vector`, `bad_metadata` or `refused`).

        Metadata fields that are new are declared with the types of their values. Values become what their fields hold
        (`metadata.fitted`); a document with one that does not fit is rejected.

        Raises ModelMismatch if a document comes from another model."""

    def search(
        self,
        vector: Vector,
        k: int,
        filters: Filters | None = None,
        *,
        fingerprint: str | None = None,
        exact: bool = False,
    ) -> list[Match]:
        """The k nearest documents, best first. `vector` is float32 [dimension]. Only documents that meet
        all `filters` count. `fingerprint` is that of the model that made the vector, if known. `exact` compares the
        vectors of all of them, however many there are.

        Raises ModelMismatch if the index holds vectors of another model, ImageRejected (`bad_vector`) for a vector of
        the wrong shape, with NaN or of length zero, BadSetting for a filter on a field that the index does not have, or
        with a value that does not fit its type."""

    def search_each(self, queries: Sequence[VectorQuery]) -> list[list[Match] | LookalikeError]:
        """For each query what `search` returns, or the permanent error or rejection that it raises. Raises the errors
        that concern all of them."""

    def get(self, id: str) -> Document | None:
        """One document with its vector, or None."""

    def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        """These documents with their vectors, all in memory; ids without a document are not in the result."""

    def vectors(self, ids: Sequence[str]) -> dict[str, Vector]:
        """The vectors of these documents, float32 [dimension]; ids without a document are not in the result."""

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Id and URI of every document whose URI starts with `prefix`, in no particular order, read in batches.

        It is a snapshot of the documents that a search sees when the first one is read; later writes and deletes do
        not change it."""

    def scan_times(self) -> Iterator[tuple[str, str, str]]:
        """Id, URI and `ingested_at` of every document, as `scan` gives them. The times of one backend have one format,
        in which the later text is the later time."""

    def scan_values(self, field: str) -> Iterator[tuple[str, Scalar | None]]:
        """Id and value of every document, as `scan` gives them, for `label`, `uri` or a metadata field: None without a
        value, of a list the least. Dates are texts. Raises BadFilter as `facet` does."""

    def addresses(self, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Uri and label of these documents, of those that a search sees; ids without a document are not in the
        result."""

    def scan_documents(
        self, batch_size: int = DOCUMENTS_PER_BATCH, filters: Filters | None = None
    ) -> Iterator[list[Document]]:
        """Every document that meets the filters, with its vector, in no particular order, in batches of 1 to
        `batch_size`. Only one batch is in memory at a time. A snapshot, as in `scan`."""

    def listed(self, listing: Listing) -> list[Row]:
        """The images of one page of a list, as a search sees them, with their positions. A page costs no more than the
        one before it. Images with the same value are in the order of their uris; those without one are last.

        Raises BadFilter for a field that the index does not have, or that cannot be sorted by; BadQuery for a position
        that the index has not given."""

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        """Give documents, by id, another label and other metadata; their vectors stay. In one step for each document:
        one that was written since it was seen stays as it is.

        Metadata is declared, fitted and rejected as `write` does. What this returns is durable."""

    def delete(self, ids: Iterable[str]) -> None:
        """Remove documents; ids without a document are ignored."""

    def discard(self, documents: Mapping[str, Stored]) -> None:
        """Remove documents that are still as `stored` returned them, by id. One that was written since stays."""

    def definition(self) -> dict[str, Any]:
        """How the backend has built the index: `settings` and `mappings` of OpenSearch, or the `columns` of LanceDB
        with their types. For people to read. Raises IndexMissing."""

    def count(self, filters: Filters | None = None) -> int:
        """The number of documents that a search sees, and that meet the filters."""

    def labels(self, limit: int, filters: Filters | None = None) -> dict[str, int]:
        """The number of documents for each of the `limit` most frequent names, among those that a search sees and
        that meet the filters: the most frequent first, equal ones sorted by name. Documents without a name are not
        counted."""

    def facet(self, field: str, limit: int, filters: Filters | None = None) -> dict[Scalar, int]:
        """As `labels`, for the values of `label`, `uri` or a metadata field. A document with a list counts for each
        of its values. Raises BadSetting for a field that the index does not have, or one of type text."""

    def bounds(self, field: str, filters: Filters | None = None) -> tuple[Scalar, Scalar] | None:
        """The least and the greatest value of a metadata field of numbers or dates, among the documents that meet the
        filters; None if there is no value. Raises BadSetting for another field."""

    def tally(self, fields: Sequence[str] | None, limit: int, filters: Filters | None = None) -> Tally:
        """The counts of several fields at once, as `facet` and `bounds` tell of each; by default of the label and all
        metadata fields. Of texts, only how many documents have one. Raises BadFilter for an unknown field."""

    def histograms(
        self, ranges: Mapping[str, Sequence[Scalar]], filters: Filters | None = None
    ) -> dict[str, list[int]]:
        """How many documents have a value in each of a field's ranges, given by the values that they begin with, in
        their order. A range ends where the next one begins, the last one has no end. A document with a list counts
        once in each range that has one of its values."""

    def write_map(self, data: bytes) -> None:
        """Keep a map of the images with the version that the name points to, in place of an earlier one. It is deleted
        with the version."""

    def read_map(self) -> bytes | None:
        """The map of the version that the name points to, if there is one. A map that was not written completely is
        none."""

    def map_tag(self) -> str | None:
        """A text that another map of this version does not have; None without a map."""

    def refresh(self) -> None:
        """Make every earlier write visible to searches."""

    def begin_load(self) -> None:
        """Enter bulk-load mode, which makes writes cheaper until `end_load`. Calling it again has no effect."""

    def is_loading(self) -> bool:
        """Whether the index is in bulk-load mode."""

    def end_load(self) -> None:
        """Leave bulk-load mode, even if another process entered it: restore the settings, make the writes visible and
        compact the index. Calling it again has no effect."""

    def build_ann(self, within_s: float, check: Callable[[], None] = lambda: None) -> None:
        """Build what makes searches of many documents fast, if the backend has it and it is due; searches and writes go
        on meanwhile. What cannot be built within this time is logged, and searches stay exact. `check` is called again
        and again; what it raises ends the build."""

    def optimize(self, segments: int = 1) -> Iterator[int]:
        """Merge the index into at most `segments` pieces per shard, and build anew what `build_ann` builds; yields the
        number of pieces from time to time.

        The merge goes on in the server if the caller stops iterating."""

    def drop(self) -> None:
        """Delete the index: the name and the version that it points to. Raises IndexMissing."""

    def close(self) -> None:
        """Release connections."""
