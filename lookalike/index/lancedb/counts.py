"""Counts of the values of a table's columns, and their extremes."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pyarrow import compute

from lookalike.filters import Filters, Scalar
from lookalike.index.bound import bounds_place, facet_place, facet_values
from lookalike.index.lancedb import columns, filtering, sql
from lookalike.index.lancedb.reader import ROWS_PER_BATCH
from lookalike.index.places import Place


def facet(table: Any, index: str, field: str, limit: int, filters: Filters | None) -> dict[Scalar, int]:
    """See `Index.facet`."""
    counts: Counter[Scalar] = Counter()
    place = facet_place(field, columns.fields_of(table.schema), index)
    for values in _values(table, index, place, filters):
        found = columns.counted(values, is_list=place.is_list).to_pylist()
        counts.update({place.shown(row["values"]): row["counts"] for row in found})
    return facet_values(counts, limit)


def bounds(table: Any, index: str, field: str, filters: Filters | None) -> tuple[Scalar, Scalar] | None:
    """See `Index.bounds`."""
    found: list[Scalar] = []
    place = bounds_place(field, columns.fields_of(table.schema), index)
    for values in _values(table, index, place, filters):
        flat = columns.flattened(values, is_list=place.is_list)
        extremes = [value.as_py() for value in compute.min_max(flat).values()]
        found += [value for value in extremes if value is not None]
    return (place.shown(min(found)), place.shown(max(found))) if found else None


def _values(table: Any, index: str, place: Place, filters: Filters | None) -> Iterator[Any]:
    """The values of one place in the rows that meet the filters, in batches."""
    name = sql.column_of(place)
    if name not in table.schema.names:
        # A table of an earlier release may lack `taken_at_ms`.
        return
    query = table.search().select([name])
    if condition := filtering.condition(table.schema, filters, index):
        query = query.where(condition)
    for batch in query.to_batches(batch_size=ROWS_PER_BATCH):
        yield batch[name].drop_null()
