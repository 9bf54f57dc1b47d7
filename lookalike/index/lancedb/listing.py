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
    column = sql.column_of(place)
    # A table of an earlier release may lack `taken_at_ms`.
    is_held = column in table.schema.names
    if listing.after is not None:
        behind = _behind(listing, place, listing.after) if is_held else f"uri > {sql.quoted(listing.after.uri)}"
        condition = f"({condition}) AND ({behind})" if condition else behind
    by = ColumnOrdering(column_name=column, ascending=not listing.order.is_descending)
    orders = [by] if column == "uri" else [by, _URI] if is_held else [_URI]
    query = _read(table, condition).order_by(orders).limit(listing.limit)
    return [_row(row, row.get(column)) for row in query.to_arrow().to_pylist()]


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
