"""Writes into a table, one writer of the folder at a time."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lookalike.errors import ModelMismatch
from lookalike.index import declared
from lookalike.index.annotation import Annotated, Annotation, annotated, outcome
from lookalike.index.checks import is_version, valid_text, validate
from lookalike.index.lancedb import columns, rows, sql
from lookalike.index.lancedb.compaction import compact, most_fragments
from lookalike.index.lancedb.named_table import NamedTable
from lookalike.index.lancedb.power_cut import durable
from lookalike.index.lancedb.reader import Reader
from lookalike.index.lancedb.tables import add_columns, create_table
from lookalike.metadata import Fields
from lookalike.records import Document, ModelIdentity, Rejected, Stored


class Writer:
    """See `Index`. Safe to share between threads."""

    def __init__(self, table: NamedTable, reader: Reader) -> None:
        self._table = table
        self._reader = reader

    def ensure(self, model: ModelIdentity) -> None:
        with self._table.writing():
            if not is_version(self._table.name) and self._table.name not in self._table.catalog.tables():
                self._create(model)
            table = self._table.now()
            existing = rows.model_of(table.schema)
            if existing.fingerprint != model.fingerprint:
                raise ModelMismatch(self._table.name, str(existing), str(model))
            if lacking := [field for field in rows.LATER if field.name not in table.schema.names]:
                add_columns(table, lacking)

    def declare(self, fields: Fields) -> None:
        with self._table.writing():
            existing = columns.fields_of(self._table.now().schema)
            self._add(declared.undeclared(existing, fields, self._table.name))

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        # Under the lock, because two concurrent upserts of a new id would leave two rows.
        with self._table.writing():
            table = self._table.now()
            valid, rejected = validate(documents, self._table.name, rows.model_of(table.schema))
            return rejected + self._upsert(table, valid)

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        changed: list[Document] = []
        rejected: list[Rejected] = []
        with self._table.writing():
            for found in self._reader.documents(list(annotations)):
                some, bad = valid_text(annotated(annotations, found))
                changed += some
                rejected += bad + self._upsert(self._table.now(), some)
        return outcome(changed, rejected)

    def delete(self, ids: Iterable[str]) -> None:
        with self._table.writing():
            self._delete(list(ids))

    def discard(self, documents: Mapping[str, Stored]) -> None:
        with self._table.writing():
            now = self._reader.stored(list(documents))
            self._delete([id for id, seen in documents.items() if now.get(id) == seen])

    def _create(self, model: ModelIdentity) -> None:
        catalog, name = self._table.catalog, self._table.name
        catalog.point(name, create_table(self._table.folder, catalog.reserve(name), model, fields={}))

    def _delete(self, ids: Sequence[str]) -> None:
        table = self._table.now()
        with durable(Path(table.uri)):
            for condition in sql.id_conditions(ids):
                table.delete(condition)

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
            compact(table, self._table.catalog, most_fragments=most_fragments(table.count_rows()))
        return unfit

    def _add(self, fields: Fields) -> None:
        """Add the columns of these fields. Call with the lock held."""
        if fields:
            add_columns(self._table.now(), [columns.column(name, type) for name, type in fields.items()])
