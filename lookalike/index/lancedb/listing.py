"""A page of rows in an order."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from lookalike.filters import Scalar
from lookalike.index.bound import sort_place
from lookalike.index.lancedb import columns, filtering, rows, sql
from lookalike.index.lancedb.lean_lancedb import ColumnOrdering
from lookalike.index.places import Place
from lookalike.metadata import Kind
from lookalike.queries.listing import Listing, Position, Row

#: Rows per batch of ids: what is done for each batch takes less time than reading it.
IDS_PER_BATCH = 65_536
#: Characters of an id that decide its place in a random order: 64 bits of a checksum.
ID_CHARACTERS = 16
#: 2^64 divided by the golden ratio: the step from seed to seed.
GOLDEN = 0x9E3779B97F4A7C15

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
    keys = _first(_batches(table, condition), listing.seed, after, listing.limit)
    found: dict[str, dict[str, Any]] = {}
    for wanted in sql.id_conditions(list(keys)):
        found |= {row["id"]: row for row in _read(table, wanted).limit(sql.IDS_PER_REQUEST).to_arrow().to_pylist()}
    # One may have been deleted meanwhile.
    return [_row(found[id], key) for id, key in keys.items() if id in found]


def _batches(table: Any, condition: str) -> Iterator[Any]:
    """The ids of the rows that meet the condition."""
    query = table.search().select(["id"])
    if condition:
        query = query.where(condition)
    return (batch["id"] for batch in query.to_batches(batch_size=IDS_PER_BATCH))


def _first(batches: Iterator[Any], seed: int, after: int, limit: int) -> dict[str, int]:
    """The first ids behind the key `after`, with their keys, in their order. Keeps `limit` of them in memory."""
    first = pa.table({"key": pa.array([], pa.int64()), "id": pa.array([], pa.string())})
    for ids in batches:
        keys = random_keys(ids, seed)
        chosen = np.flatnonzero(keys > after)
        more = pa.table({"key": keys[chosen], "id": ids.take(pa.array(chosen))})
        all = pa.concat_tables([first, more])
        first = all.take(compute.select_k_unstable(all, k=limit, sort_keys=[("key", "ascending")]))
    return dict(zip(first["id"].to_pylist(), first["key"].to_pylist(), strict=True))


def random_keys(ids: Any, seed: int) -> NDArray[np.int64]:
    """For each id a number from 0 to 2^63, another one for each seed: a hash by the finalizer of SplitMix64 (Steele and
    others, 2014)."""
    if not len(ids):
        return np.empty(0, np.int64)
    text = compute.binary_slice(compute.ascii_rpad(ids, ID_CHARACTERS, "0").cast(pa.binary()), 0, ID_CHARACTERS)
    words = np.frombuffer(text.buffers()[2], "<u8", 2 * len(text)).reshape(-1, 2)
    hashed = _mixed(words[:, 0] + np.uint64(seed * GOLDEN % 2**64))
    return (_mixed(hashed ^ words[:, 1]) >> np.uint64(1)).astype(np.int64)


def _mixed(words: Any) -> Any:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
