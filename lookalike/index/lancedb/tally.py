"""The counts of several columns, in one pass through a table, and how many values lie in which ranges."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from lookalike.filters import Filters, Scalar
from lookalike.index.bound import ORDERED, bounds_place, facet_places
from lookalike.index.lancedb import columns, filtering, sql
from lookalike.index.places import Place
from lookalike.index.tally import COUNTED, FieldTally, Tally, kind_of
from lookalike.metadata import Kind

ROWS_PER_BATCH = 65_536


def tally(table: Any, index: str, fields: Sequence[str] | None, limit: int, filters: Filters | None) -> Tally:
    """See `Index.tally`."""
    places = facet_places(fields, columns.fields_of(table.schema), index)
    condition = filtering.condition(table.schema, filters, index)
    # Texts may be long, and only how many there are is asked for.
    columns_read = {place: _Column(place) for place in places if kind_of(place) is not Kind.TEXT}
    held = _held(table, columns_read)
    for batch in _batches(table, condition, held):
        for place in held:
            columns_read[place].add(batch[sql.column_of(place)])
    found = (
        columns_read[place].tally(limit) if place in columns_read else _text(table, condition, place)
        for place in places
    )
    return Tally(_count(table, condition), tuple(found))


def histograms(
    table: Any, index: str, ranges: Mapping[str, Sequence[Scalar]], filters: Filters | None
) -> dict[str, list[int]]:
    """See `Index.histograms`."""
    fields = columns.fields_of(table.schema)
    places = {field: bounds_place(field, fields, index) for field in ranges}
    counts = {field: np.zeros(len(begins), np.int64) for field, begins in ranges.items()}
    condition = filtering.condition(table.schema, filters, index)
    begins = {field: [place.stored(begin) for begin in ranges[field]] for field, place in places.items()}
    held = _held(table, places.values())
    for batch in _batches(table, condition, held):
        for field, place in places.items():
            if place in held:
                counts[field] += _in_ranges(batch[sql.column_of(place)], begins[field], is_list=place.is_list)
    return {field: found.tolist() for field, found in counts.items()}


class _Column:
    """Counts the values of one column, batch by batch."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._documents = 0
        self._counts: list[Any] = []
        self._ends: list[Scalar] = []

    def add(self, values: Any) -> None:
        values = values.drop_null()
        self._documents += len(values)
        is_list = self._place.is_list
        if kind_of(self._place) in COUNTED:
            self._counts.append(columns.counted(values, is_list=is_list))
        if kind_of(self._place) in ORDERED:
            flat = columns.flattened(values, is_list=is_list)
            self._ends += [end.as_py() for end in compute.min_max(flat).values() if end.is_valid]

    def tally(self, limit: int) -> FieldTally:
        shown = self._place.shown
        bounds = (shown(min(self._ends)), shown(max(self._ends))) if self._ends else None
        return FieldTally(self._place, self._documents, self._most(limit), bounds)

    def _most(self, limit: int) -> dict[Scalar, int]:
        """The most frequent values, equally frequent ones sorted."""
        if not self._counts:
            return {}
        summed = pa.Table.from_batches(self._counts).group_by("values").aggregate([("counts", "sum")])
        most = summed.sort_by([("counts_sum", "descending"), ("values", "ascending")]).slice(0, limit)
        return dict(zip(most["values"].to_pylist(), most["counts_sum"].to_pylist(), strict=True))


def _held(table: Any, places: Iterable[Place]) -> list[Place]:
    """Those whose columns the table has: one of an earlier release may lack `taken_at_ms`."""
    return [place for place in places if sql.column_of(place) in table.schema.names]


def _text(table: Any, condition: str, place: Place) -> FieldTally:
    existing = f"`{sql.column_of(place)}` IS NOT NULL"
    return FieldTally(place, _count(table, f"({condition}) AND {existing}" if condition else existing), {}, None)


def _count(table: Any, condition: str) -> int:
    return int(table.count_rows(condition or None))


def _batches(table: Any, condition: str, places: Sequence[Place]) -> Iterator[Any]:
    """The columns of these places in the rows that meet the condition."""
    if not places:
        return iter(())
    query = table.search().select([sql.column_of(place) for place in places])
    if condition:
        query = query.where(condition)
    batches: Iterator[Any] = query.to_batches(batch_size=ROWS_PER_BATCH)
    return batches


def _in_ranges(values: Any, begins: Sequence[Scalar], *, is_list: bool) -> Any:
    """How many rows have a value in each range, int64 [ranges]."""
    values = values.drop_null()
    flat = compute.list_flatten(values) if is_list else values
    # Of what has come meanwhile and is less than all others: -1.
    place = np.full(len(flat), -1)
    for begin in begins:
        place += compute.greater_equal(flat, begin).to_numpy(zero_copy_only=False)
    if not is_list:
        return np.bincount(place[place >= 0], minlength=len(begins))
    # Each range once for each row.
    held = np.zeros((len(values), len(begins)), bool)
    held[compute.list_parent_indices(values).to_numpy()[place >= 0], place[place >= 0]] = True
    return held.sum(axis=0)
