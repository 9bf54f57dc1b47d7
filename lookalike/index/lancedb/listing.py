"""Pages of rows in an order."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lookalike.index.bound import sort_place
from lookalike.index.lancedb import columns, filtering, rows, sql
from lookalike.index.lancedb.ahead import Ahead, Place
from lookalike.index.lancedb.lean_lancedb import ColumnOrdering
from lookalike.index.lancedb.shuffle import first_ids
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


class Lists:
    """See `Index.listed`. Safe to share between threads."""

    def __init__(self, index: str) -> None:
        self._index = index
        self._ahead = Ahead()

    def __call__(self, table: Any, listing: Listing) -> list[Row]:
        order = _Order(table, listing, self._index)
        while True:
            key = (table.name, table.version, replace(listing, limit=0, after=None))
            places = self._ahead.behind(key, listing.after, listing.limit, order.read)
            found = _by_id(table, [place.id for place in places])
            # Not their number: a row that another program has copied has the id of another one.
            if all(place.id in found for place in places):
                return [Row(rows.to_listed(found[place.id]), place.position) for place in places]
            # One was deleted meanwhile: a short page would look like the last one.
            self._ahead.forget(key)


class _Order:
    """Reads where the rows of one table stand in the order of a list. Raises BadFilter, and BadQuery for a position
    that the table has not given."""

    def __init__(self, table: Any, listing: Listing, index: str) -> None:
        self._table = table
        self._listing = listing
        self._condition = filtering.condition(table.schema, listing.filters, index)
        self._place = None
        if not listing.is_random:
            self._place = sort_place(listing.order.field, columns.fields_of(table.schema), index)
        if listing.after is not None:
            listing.after.check(*((int,) if self._place is None else self._types()))

    def read(self, after: Position | None, limit: int) -> list[Place]:
        return self._shuffled(after, limit) if self._place is None else self._sorted(after, limit)

    def _types(self) -> tuple[type, ...]:
        assert self._place is not None and self._place.type is not None
        return *_TYPES[self._place.type.kind], type(None)

    def _sorted(self, after: Position | None, limit: int) -> list[Place]:
        assert self._place is not None
        column = sql.column_of(self._place)
        # A table of an earlier release may lack `taken_at_ms`.
        is_held = column in self._table.schema.names
        by = ColumnOrdering(column_name=column, ascending=not self._listing.order.is_descending)
        orders = [by] if column == "uri" else [by, _URI] if is_held else [_URI]
        names = dict.fromkeys(["id", "uri", *([column] if is_held else [])])
        behind = "" if after is None else self._behind(after, f"`{column}`" if is_held else "NULL")
        found = self._query(list(names), behind).order_by(orders).limit(limit).to_arrow().to_pylist()
        return [Place(row["id"], Position(row.get(column), row["uri"])) for row in found]

    def _behind(self, after: Position, column: str) -> str:
        """The condition for the rows behind a position."""
        uri = sql.quoted(after.uri)
        if after.value is None:
            return f"{column} IS NULL AND uri > {uri}"
        value, comparison = sql.literal(after.value), "<" if self._listing.order.is_descending else ">"
        return f"{column} {comparison} {value} OR ({column} = {value} AND uri > {uri}) OR {column} IS NULL"

    def _shuffled(self, after: Position | None, limit: int) -> list[Place]:
        key = -1 if after is None else int(after.value or 0)
        batches: Iterator[Any] = self._query(["id"], "").to_batches(batch_size=IDS_PER_BATCH)
        keys = first_ids((batch["id"] for batch in batches), self._listing.seed, key, limit)
        return [Place(id, Position(key, "")) for id, key in keys.items()]

    def _query(self, names: list[str], behind: str) -> Any:
        query = self._table.search().select(names)
        condition = " AND ".join(f"({part})" for part in (self._condition, behind) if part)
        return query.where(condition) if condition else query


def _by_id(table: Any, ids: list[str]) -> dict[str, dict[str, Any]]:
    wanted = rows.wanted(table.schema, rows.LISTED_FIELDS)
    found: dict[str, dict[str, Any]] = {}
    for condition in sql.id_conditions(ids):
        query = table.search().where(condition).select(wanted).limit(sql.IDS_PER_REQUEST)
        found |= {row["id"]: row for row in query.to_arrow().to_pylist()}
    return found
