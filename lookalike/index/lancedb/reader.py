"""Reads documents of a table by id, and all of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lookalike.errors import IndexMissing, IndexUnavailable
from lookalike.filters import Filters
from lookalike.index.lancedb import filtering, rows, sql
from lookalike.index.lancedb.named_table import NamedTable
from lookalike.index.lancedb.tables import open_snapshot
from lookalike.records import Document, Stored, Vector

#: Rows per batch of short columns.
ROWS_PER_BATCH = 8192


class Reader:
    """See `Index`. Safe to share between threads."""

    def __init__(self, table: NamedTable) -> None:
        self._table = table

    def stored(self, ids: Sequence[str]) -> dict[str, Stored]:
        with self._table.reading() as table:
            wanted = ["id", *rows.wanted(table.schema, rows.STORED_FIELDS)]
            pages = [_of_ids(table, condition).select(wanted).to_arrow() for condition in sql.id_conditions(ids)]
        return {row["id"]: rows.to_stored(row) for page in pages for row in page.to_pylist()}

    def documents(self, ids: Sequence[str]) -> Iterator[list[Document]]:
        """Those that exist, in batches of `sql.IDS_PER_REQUEST`."""
        for condition in sql.id_conditions(ids):
            with self._table.reading() as table:
                found = rows.to_documents(_of_ids(table, condition).to_arrow())
            yield found

    def vectors(self, ids: Sequence[str]) -> dict[str, Vector]:
        found: dict[str, Vector] = {}
        for condition in sql.id_conditions(ids):
            with self._table.reading() as table:
                found |= rows.to_vectors(_of_ids(table, condition).select(["id", rows.VECTOR]).to_arrow())
        return found

    def addresses(self, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        found: dict[str, tuple[str, str | None]] = {}
        for condition in sql.id_conditions(ids):
            with self._table.reading() as table:
                page = _of_ids(table, condition).select(["id", "uri", "name"]).to_arrow()
            found |= {row["id"]: (row["uri"], row["name"]) for row in page.to_pylist()}
        return found

    def columns(self, names: list[str], prefix: str = "") -> Iterator[tuple[Any, ...]]:
        """The columns of all rows whose URI starts with `prefix`."""
        with self._table.reading() as table:
            query = table.search().select(names)
            if prefix:
                query = query.where(sql.starts_with("uri", prefix))
            for batch in query.to_batches(batch_size=ROWS_PER_BATCH):
                yield from zip(*(batch[name].to_pylist() for name in names), strict=True)

    def all_documents(self, batch_size: int, filters: Filters | None) -> Iterator[list[Document]]:
        """See `Index.scan_documents`."""
        with self._table.translated():
            snapshot = open_snapshot(self._table.folder, self._table.version())
            take, numbers = self._numbered(snapshot, filters)
        # By number: a streaming query reads ahead, so that its memory grows with the table.
        for start in range(0, len(numbers), batch_size):
            with self._reading_snapshot():
                batch = rows.to_documents(take([*numbers[start : start + batch_size]]).to_arrow())
            yield batch

    def _numbered(self, snapshot: Any, filters: Filters | None) -> tuple[Callable[[list[int]], Any], Sequence[int]]:
        """How to read rows of the snapshot by number, and the numbers of those that meet the filters."""
        condition = filtering.condition(snapshot.schema, filters, self._table.name)
        if not condition:
            return snapshot.take_offsets, range(snapshot.count_rows())
        found = snapshot.search().where(condition).select(["id"]).with_row_id(True).to_arrow()
        return snapshot.take_row_ids, found["_rowid"].to_numpy().tolist()

    @contextmanager
    def _reading_snapshot(self) -> Iterator[None]:
        try:
            with self._table.translated():
                yield
        except IndexMissing as error:
            why = "its files were replaced by a compaction while they were read; run the same command again"
            raise IndexUnavailable(str(self._table.folder), why) from error


def _of_ids(table: Any, condition: str) -> Any:
    return table.search().where(condition).limit(sql.IDS_PER_REQUEST)
