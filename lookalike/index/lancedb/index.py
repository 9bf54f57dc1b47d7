"""Documents in a LanceDB table."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyarrow import compute

from lookalike.errors import IndexMissing, IndexUnavailable, LookalikeError, ModelMismatch
from lookalike.filters import Filters, Scalar
from lookalike.index import declared, outcomes
from lookalike.index.annotation import Annotated, Annotation, annotated, outcome
from lookalike.index.base import DOCUMENTS_PER_BATCH, VectorQuery
from lookalike.index.bound import bounds_place, facet_place, facet_values
from lookalike.index.checks import check_filters, is_version, valid_text, validate
from lookalike.index.lancedb import ann, building, columns, filtering, rows, sql
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.errors import missing, translated
from lookalike.index.lancedb.folder import folder_of
from lookalike.index.lancedb.power_cut import durable, look_after_restart
from lookalike.index.lancedb.search import Search
from lookalike.index.lancedb.tables import (
    add_columns,
    compact,
    connect,
    create_table,
    drop_table,
    fragments,
    open_snapshot,
)
from lookalike.index.options import IndexOptions
from lookalike.index.places import Place
from lookalike.metadata import Fields
from lookalike.records import Document, Match, ModelIdentity, Rejected, Stored, Vector

#: Each write adds a fragment, and each fragment takes 0.2 ms of CPU time of every look-up, and 0.55 ms of every write,
#: until a compaction, which rewrites the table: 6 ms for 1,000 rows. So a small table has fewer.
FEWEST_FRAGMENTS, MOST_FRAGMENTS = 16, 64
#: The table may have one more fragment for this many rows, below and above MOST_FRAGMENTS.
ROWS_PER_FRAGMENT_BELOW, ROWS_PER_FRAGMENT = 1_000, 20_000
#: Rows per batch of `scan`, which reads two short columns.
ROWS_PER_BATCH = 8192


class LanceDBIndex:
    """See `Index`. Safe to share between threads. Import lancedb after a fork, not before."""

    def __init__(self, url: str, name: str, options: IndexOptions) -> None:
        self.name = name
        self._folder = folder_of(url)
        self._retry_s = options.retry_s
        self._catalog = Catalog(self._folder)
        with self._translated():
            look_after_restart(self._folder, self._catalog, self._retry_s)
        self._least_rows = options.ann_rows
        #: The version that was used last, and its table.
        self._open: tuple[str, Any] | None = None
        self._search = Search(self._folder, name)

    def ensure(self, model: ModelIdentity) -> None:
        with self._writing():
            if not is_version(self.name) and self.name not in self._catalog.tables():
                self._create(model)
            table = self._table()
            existing = rows.model_of(table.schema)
            if existing.fingerprint != model.fingerprint:
                raise ModelMismatch(self.name, str(existing), str(model))
            if rows.ETAG.name not in table.schema.names:
                add_columns(table, [rows.ETAG])

    def model(self) -> ModelIdentity:
        with self._translated():
            return rows.model_of(self._table().schema)

    def version(self) -> str:
        with self._translated():
            return str(self._table().name)

    def fields(self) -> Fields:
        with self._translated():
            return columns.fields_of(self._table().schema)

    def declare(self, fields: Fields) -> None:
        with self._writing():
            self._add(declared.undeclared(columns.fields_of(self._table().schema), fields, self.name))

    def stored(self, ids: Sequence[str], *, is_fresh: bool = True) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        with self._translated():
            table = self._table()
            wanted = ["id", *rows.wanted(table.schema, rows.STORED_FIELDS)]
            for condition in sql.id_conditions(ids):
                query = table.search().where(condition).limit(sql.IDS_PER_REQUEST)
                matching = query.select(wanted).to_arrow().to_pylist()
                found.update((row["id"], rows.to_stored(row)) for row in matching)
        return found

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        if not documents:
            return []
        # Under the lock, because two concurrent upserts of a new id would leave two rows.
        with self._writing():
            table = self._table()
            valid, rejected = validate(documents, self.name, rows.model_of(table.schema))
            return rejected + self._upsert(table, valid)

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
        with self._translated():
            (condition,) = sql.id_conditions([id])
            found = rows.to_documents(self._table().search().where(condition).limit(1).to_arrow())
        return found[0] if found else None

    def scan(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        return ((id, uri) for id, uri in self._columns(["id", "uri"], prefix))

    def scan_times(self) -> Iterator[tuple[str, str, str]]:
        return ((id, uri, time) for id, uri, time in self._columns(["id", "uri", "ingested_at"]))

    def scan_documents(
        self, batch_size: int = DOCUMENTS_PER_BATCH, filters: Filters | None = None
    ) -> Iterator[list[Document]]:
        with self._translated():
            snapshot = open_snapshot(self._folder, self.version())
            take, numbers = self._numbered(snapshot, filters)
        # By number: a streaming query reads ahead, so that its memory grows with the table.
        for start in range(0, len(numbers), batch_size):
            with self._reading_snapshot():
                batch = rows.to_documents(take([*numbers[start : start + batch_size]]).to_arrow())
            yield batch

    def _numbered(self, snapshot: Any, filters: Filters | None) -> tuple[Callable[[list[int]], Any], Sequence[int]]:
        """How to read rows of the snapshot by number, and the numbers of those that meet the filters."""
        condition = filtering.condition(snapshot.schema, filters, self.name)
        if not condition:
            return snapshot.take_offsets, range(snapshot.count_rows())
        found = snapshot.search().where(condition).select(["id"]).with_row_id(True).to_arrow()
        return snapshot.take_row_ids, found["_rowid"].to_numpy().tolist()

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        changed: list[Document] = []
        rejected: list[Rejected] = []
        with self._writing():
            table = self._table()
            for condition in sql.id_conditions(list(annotations)):
                found = rows.to_documents(table.search().where(condition).limit(sql.IDS_PER_REQUEST).to_arrow())
                some, bad = valid_text(annotated(annotations, found))
                changed += some
                rejected += bad + self._upsert(table, some)
        return outcome(changed, rejected)

    def delete(self, ids: Iterable[str]) -> None:
        with self._writing():
            table = self._table()
            with durable(Path(table.uri)):
                for condition in sql.id_conditions(list(ids)):
                    table.delete(condition)

    def discard(self, documents: Mapping[str, Stored]) -> None:
        with self._writing():
            now = self.stored(list(documents))
            for condition in sql.id_conditions([id for id, seen in documents.items() if now.get(id) == seen]):
                self._table().delete(condition)

    def definition(self) -> dict[str, Any]:
        with self._translated():
            return {"columns": {field.name: str(field.type) for field in self._table().schema}}

    def count(self, filters: Filters | None = None) -> int:
        with self._translated():
            table = self._table()
            return int(table.count_rows(filtering.condition(table.schema, filters, self.name) or None))

    def labels(self, limit: int, filters: Filters | None = None) -> dict[str, int]:
        return {str(value): count for value, count in self.facet("label", limit, filters).items()}

    def facet(self, field: str, limit: int, filters: Filters | None = None) -> dict[Scalar, int]:
        counts: Counter[Scalar] = Counter()
        with self._translated():
            table = self._table()
            place = facet_place(field, columns.fields_of(table.schema), self.name)
            for values in self._values(table, place, filters):
                counts.update({row["values"]: row["counts"] for row in values.value_counts().to_pylist()})
        return facet_values(counts, limit)

    def bounds(self, field: str, filters: Filters | None = None) -> tuple[Scalar, Scalar] | None:
        found: list[Scalar] = []
        with self._translated():
            table = self._table()
            place = bounds_place(field, columns.fields_of(table.schema), self.name)
            for values in self._values(table, place, filters):
                extremes = [value.as_py() for value in compute.min_max(values).values()]
                found += [value for value in extremes if value is not None]
        return (min(found), max(found)) if found else None

    def refresh(self) -> None:
        """Check that the index exists: reads always see earlier writes."""
        self.model()

    def begin_load(self) -> None:
        """Does nothing: this backend has no bulk-load mode."""

    def is_loading(self) -> bool:
        return False

    def end_load(self) -> None:
        with self._writing():
            table = self._table()
            compact(table, self._catalog, most_fragments=_last_fragments(table))

    def build_ann(self, within_s: float) -> None:
        with self._translated():
            table = self._table()
            if ann.is_due(table, self._least_rows):
                building.run(self._folder, table.name, self._least_rows, within_s)

    def optimize(self, segments: int = 1) -> Iterator[int]:
        with self._translated():
            table = self._table()
            yield fragments(table)
            if table.count_rows() >= self._least_rows:
                building.run(self._folder, table.name, building.ALWAYS)
        with self._writing():
            compact(self._table(), self._catalog, most_fragments=segments)
        with self._translated():
            yield fragments(self._table())

    def drop(self) -> None:
        with self._writing():
            table = self._table().name
            self.close()
            drop_table(self._folder, self._catalog, table, self._retry_s)

    def close(self) -> None:
        self._open = None
        self._search.close()

    def _columns(self, names: list[str], prefix: str = "") -> Iterator[tuple[str, ...]]:
        """The columns of all rows whose URI starts with `prefix`."""
        with self._translated():
            query = self._table().search().select(names)
            if prefix:
                query = query.where(sql.starts_with("uri", prefix))
            for batch in query.to_batches(batch_size=ROWS_PER_BATCH):
                yield from zip(*(batch[name].to_pylist() for name in names), strict=True)

    def _values(self, table: Any, place: Place, filters: Filters | None) -> Iterator[Any]:
        """The values of one place in the rows that meet the filters, in batches; of a list, each different one."""
        name = sql.column_of(place)
        query = table.search().select([name])
        if condition := filtering.condition(table.schema, filters, self.name):
            query = query.where(condition)
        for batch in query.to_batches(batch_size=ROWS_PER_BATCH):
            values = batch[name].drop_null()
            yield columns.different(values) if place.type and place.type.is_list else values

    def _searched(self, query: VectorQuery) -> list[Match]:
        with self._translated():
            return self._search(self._version(), query)

    def _version(self) -> str:
        """The version that the name points to now: it may have moved since the last call. Raises IndexMissing."""
        version = self.name if is_version(self.name) else self._catalog.tables().get(self.name)
        if version is None:
            raise missing(self._folder, self.name)
        return version

    def _table(self) -> Any:
        """The table that the name points to now. Raises IndexMissing."""
        version = self._version()
        opened = self._open
        if opened is None or opened[0] != version:
            opened = self._open = version, connect(self._folder).open_table(version)
        return opened[1]

    def _create(self, model: ModelIdentity) -> None:
        self._catalog.point(self.name, create_table(self._folder, self._catalog.reserve(self.name), model, fields={}))

    def _upsert(self, table: Any, documents: Sequence[Document]) -> list[Rejected]:
        """Store valid documents; returns those whose metadata does not fit. Call with the lock held."""
        # Each look at the schema reads the newest version of the table.
        schema = table.schema
        if new := declared.first_used(documents, columns.fields_of(schema)):
            self._add(new)
            schema = table.schema
        fitting, unfit = declared.fit(documents, columns.fields_of(schema))
        if fitting:
            upsert = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
            with durable(Path(table.uri)):
                upsert.execute(rows.to_arrow(fitting, schema))
            compact(table, self._catalog, most_fragments=most_fragments(table.count_rows()))
        return unfit

    def _add(self, fields: Fields) -> None:
        """Add the columns of these fields. Call with the lock held."""
        if fields:
            add_columns(self._table(), [columns.column(name, type) for name, type in fields.items()])

    @contextmanager
    def _reading_snapshot(self) -> Iterator[None]:
        try:
            with self._translated():
                yield
        except IndexMissing as error:
            why = "its files were replaced by a compaction while they were read; run the same command again"
            raise IndexUnavailable(str(self._folder), why) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._translated(), self._catalog.locked(self._retry_s):
            yield

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(self._folder, self.name):
            yield


def most_fragments(rows_held: int) -> int:
    """How many fragments a table with so many rows may have while a load writes to it."""
    return min(FEWEST_FRAGMENTS + rows_held // ROWS_PER_FRAGMENT_BELOW, MOST_FRAGMENTS + rows_held // ROWS_PER_FRAGMENT)


def _last_fragments(table: Any) -> int:
    """How many fragments the end of a load leaves. A few rows wait for the ANN index: each time that it takes rows in,
    it gets one more segment."""
    found = ann.state(table)
    if found is None:
        return 1
    return 0 if found.waiting > ann.MOST_WAITING else most_fragments(table.count_rows())
