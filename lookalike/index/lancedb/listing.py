"""A page of rows in an order."""

from collections.abc import Iterator
from typing import Any

from lookalike.filters import Scalar
from lookalike.index.bound import sort_place
from lookalike.index.lancedb import columns, filtering, rows, sql
from lookalike.index.lancedb.lean_lancedb import ColumnOrdering
from lookalike.index.lancedb.shuffle import first_ids
from lookalike.index.places import Place
from lookalike.metadata import Kind
from lookalike.queries.listing import Listing, Position, Row

#: Rows per batch of ids: what is done for each batch takes less time than reading it.
IDS_PER_BATCH = 65_536

_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.KEYWORD: (str,),
    Kind.DATE: (str,),
    Kind.INTEGER: (int,),
    Kind.FLOAT: (float, int),
    Kind.BOOLEAN: (bool,),
}
_URI = ColumnOrdering(column_name="uri")


def listed(table: Any, index: str, listing: Listing) -> list[Row]:
    """See `Index.listed`."""
    condition = filtering.condition(table.schema, listing.filters, index)
    if listing.is_random:
        return _at_random(table, listing, condition)
    place = sort_place(listing.order.field, columns.fields_of(table.schema), index)
    if listing.after is not None:
        condition = " AND ".join(filter(None, [condition, f"({_behind(listing, place, listing.after)})"]))
    column = sql.column_of(place)
    by = ColumnOrdering(column_name=column, ascending=not listing.order.is_descending)
    query = _read(table, condition).order_by([by] if column == "uri" else [by, _URI]).limit(listing.limit)
    return [_row(row, row[column]) for row in query.to_arrow().to_pylist()]


def _behind(listing: Listing, place: Place, after: Position) -> str:
    """The condition for the rows behind a position."""
    assert place.type is not None
    after.check(*_TYPES[place.type.kind], type(None))
    column, uri = f"`{sql.column_of(place)}`", sql.quoted(after.uri)
    if after.value is None:
        return f"{column} IS NULL AND uri > {uri}"
    value, comparison = sql.literal(after.value), "<" if listing.order.is_descending else ">"
    return f"{column} {comparison} {value} OR ({column} = {value} AND uri > {uri}) OR {column} IS NULL"


def _read(table: Any, condition: str) -> Any:
    query = table.search().select(rows.wanted(table.schema, rows.LISTED_FIELDS))
    return query.where(condition) if condition else query


def _row(row: dict[str, Any], value: Scalar | None) -> Row:
    return Row(rows.to_listed(row), Position(value, row["uri"]))


def _at_random(table: Any, listing: Listing, condition: str) -> list[Row]:
    after = -1
    if listing.after is not None:
        listing.after.check(int)
        after = int(listing.after.value or 0)
    keys = first_ids(_batches(table, condition), listing.seed, after, listing.limit)
    found: dict[str, dict[str, Any]] = {}
    for wanted in sql.id_conditions(list(keys)):
        found |= {row["id"]: row for row in _read(table, wanted).limit(sql.IDS_PER_REQUEST).to_arrow().to_pylist()}
    if len(found) < len(keys):
        # One was deleted meanwhile: a short page would look like the last one.
        return _at_random(table, listing, condition)
    return [_row(found[id], key) for id, key in keys.items()]


def _batches(table: Any, condition: str) -> Iterator[Any]:
    """The ids of the rows that meet the condition."""
    query = table.search().select(["id"])
    if condition:
        query = query.where(condition)
    return (batch["id"] for batch in query.to_batches(batch_size=IDS_PER_BATCH))
