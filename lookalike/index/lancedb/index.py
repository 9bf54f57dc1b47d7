"""Documents in a LanceDB table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lookalike.errors import LookalikeError
from lookalike.filters import Filters, Scalar
from lookalike.index import outcomes
from lookalike.index.annotation import Annotated, Annotation
from lookalike.index.base import DOCUMENTS_PER_BATCH, VectorQuery
from lookalike.index.bound import facet_place, least
from lookalike.index.checks import check_filters
from lookalike.index.lancedb import ann, building, columns, counts, filtering, map_file, rows, sql, tally
from lookalike.index.lancedb.ann_files import AnnFiles
from lookalike.index.lancedb.compaction import compact, fragments, last_fragments
from lookalike.index.lancedb.folder import folder_of
from lookalike.index.lancedb.listing import Lists
from lookalike.index.lancedb.named_table import NamedTable
from lookalike.index.lancedb.reader import Reader
from lookalike.index.lancedb.search import Search
from lookalike.index.lancedb.tables import drop_table
from lookalike.index.lancedb.writer import Writer
from lookalike.index.options import IndexOptions
from lookalike.index.tally import Tally
from lookalike.metadata import Fields
from lookalike.queries.listing import Listing, Row
from lookalike.records import Document, Match, ModelIdentity, Rejected, Stored, Vector


class LanceDBIndex:
    """See `Index`. Safe to share between threads. Import lancedb after a fork, not before."""

    def __init__(self, url: str, name: str, options: IndexOptions) -> None:
        self.name = name
        self._least_rows = options.ann_rows
        self._table = NamedTable(folder_of(url), name, options.retry_s)
        self._search = Search(self._table.folder, name)
        self._reader = Reader(self._table)
        self._lists = Lists(name)
        self._writer = Writer(self._table, self._reader)

    def ensure(self, model: ModelIdentity) -> None:
        self._writer.ensure(model)

    def model(self) -> ModelIdentity:
        with self._table.reading() as table:
            return rows.model_of(table.schema)

    def version(self) -> str:
        with self._table.reading() as table:
            return str(table.name)

    def fields(self) -> Fields:
        with self._table.reading() as table:
            return columns.fields_of(table.schema)

    def declare(self, fields: Fields) -> None:
        self._writer.declare(fields)

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        return self._reader.stored(ids)

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        return self._writer.write(documents) if documents else []

    def search(
        self,
        vector: Vector,
        k: int,
        filters: Filters | None = None,
        *,
        fingerprint: str | None = None,
        exact: bool = False,
    ) -> list[Match]:
        return self._searched(VectorQuery(vector, k, check_filters(filters), fingerprint, exact))

    def search_each(self, queries: Sequence[VectorQuery]) -> list[list[Match] | LookalikeError]:
        return outcomes.each(self._searched, queries)

    def get(self, id: str) -> Document | None:
        return next((document for found in self._reader.documents([id]) for document in found), None)

    def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        return {document.id: document for found in self._reader.documents(ids) for document in found}

    def vectors(self, ids: Sequence[str]) -> dict[str, Vector]:
        return self._reader.vectors(ids)

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        return ((id, uri) for id, uri in self._reader.columns(["id", "uri"], prefix))

    def scan_times(self) -> Iterator[tuple[str, str, str]]:
        return ((id, uri, time) for id, uri, time in self._reader.columns(["id", "uri", "ingested_at"]))

    def scan_values(self, field: str) -> Iterator[tuple[str, Scalar | None]]:
        with self._table.reading() as table:
            names = table.schema.names
            place = facet_place(field, columns.fields_of(table.schema), self.name)
        if (column := sql.column_of(place)) not in names:
            # A table of an earlier release may lack `taken_at_ms`.
            return ((id, None) for (id,) in self._reader.columns(["id"]))
        rows = self._reader.columns(["id", column])
        return ((id, least(value) if place.is_list else place.shown(value)) for id, value in rows)

    def addresses(self, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        return self._reader.addresses(ids)

    def scan_documents(
        self, batch_size: int = DOCUMENTS_PER_BATCH, filters: Filters | None = None
    ) -> Iterator[list[Document]]:
        return self._reader.all_documents(batch_size, filters)

    def listed(self, listing: Listing) -> list[Row]:
        with self._table.reading() as table:
            return self._lists(table, listing)

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        return self._writer.annotate(annotations)

    def delete(self, ids: Iterable[str]) -> None:
        self._writer.delete(ids)

    def discard(self, documents: Mapping[str, Stored]) -> None:
        self._writer.discard(documents)

    def definition(self) -> dict[str, Any]:
        with self._table.reading() as table:
            return {"columns": {field.name: str(field.type) for field in table.schema}}

    def count(self, filters: Filters | None = None) -> int:
        with self._table.reading() as table:
            return int(table.count_rows(filtering.condition(table.schema, filters, self.name) or None))

    def labels(self, limit: int, filters: Filters | None = None) -> dict[str, int]:
        return {str(value): count for value, count in self.facet("label", limit, filters).items()}

    def facet(self, field: str, limit: int, filters: Filters | None = None) -> dict[Scalar, int]:
        with self._table.reading() as table:
            return counts.facet(table, self.name, field, limit, filters)

    def bounds(self, field: str, filters: Filters | None = None) -> tuple[Scalar, Scalar] | None:
        with self._table.reading() as table:
            return counts.bounds(table, self.name, field, filters)

    def tally(self, fields: Sequence[str] | None, limit: int, filters: Filters | None = None) -> Tally:
        with self._table.reading() as table:
            return tally.tally(table, self.name, fields, limit, filters)

    def histograms(
        self, ranges: Mapping[str, Sequence[Scalar]], filters: Filters | None = None
    ) -> dict[str, list[int]]:
        with self._table.reading() as table:
            return tally.histograms(table, self.name, ranges, filters)

    def write_map(self, data: bytes) -> None:
        # Under the lock: a version that is deleted meanwhile leaves no map behind.
        with self._table.writing():
            map_file.write(self._table.folder, str(self._table.now().name), data)

    def read_map(self) -> bytes | None:
        with self._table.translated():
            return map_file.read(self._table.folder, self._table.version())

    def map_tag(self) -> str | None:
        with self._table.translated():
            return map_file.tag(self._table.folder, self._table.version())

    def refresh(self) -> None:
        """Check that the index exists: reads always see earlier writes."""
        self.model()

    def begin_load(self) -> None:
        """Does nothing: this backend has no bulk-load mode."""

    def is_loading(self) -> bool:
        return False

    def end_load(self) -> None:
        with self._table.writing():
            table = self._table.now()
            compact(table, self._table.catalog, most_fragments=last_fragments(table))

    def build_ann(self, within_s: float, check: Callable[[], None] = lambda: None) -> None:
        with self._table.reading() as table:
            if ann.is_due(table, self._least_rows):
                building.run(self._table.folder, table.name, self._least_rows, within_s, check)

    def optimize(self, segments: int = 1) -> Iterator[int]:
        with self._table.reading() as table:
            yield fragments(table)
            if table.count_rows() >= self._least_rows:
                building.run(self._table.folder, table.name, building.ALWAYS)
            elif AnnFiles(Path(table.uri)).are_damaged():
                with self._table.writing(), self._table.catalog.building(table.name, 0):
                    ann.drop(table)
        with self._table.writing():
            compact(self._table.now(), self._table.catalog, most_fragments=segments)
        with self._table.reading() as table:
            yield fragments(table)

    def drop(self) -> None:
        with self._table.reading() as table:
            version = table.name
            self.close()
            drop_table(self._table.folder, self._table.catalog, version, self._table.retry_s)

    def close(self) -> None:
        self._table.close()
        self._search.close()

    def _searched(self, query: VectorQuery) -> list[Match]:
        with self._table.translated():
            return self._search(self._table.version(), query)
