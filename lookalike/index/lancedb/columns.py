"""The typed columns of a LanceDB table for metadata: `metadata_year` holds the field `year`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from lookalike.metadata import FieldType, Kind, field_type
from lookalike.records import MetadataValue

#: Of the columns' names.
PREFIX = "metadata_"
#: In a table that an earlier release made: a map of texts. It is read, and new documents have none in it.
TEXTS = "metadata"
#: Values of a list that are compared one by one.
SHORT = 16
#: In the metadata of a column: the type of its field. Keywords, texts and dates are all strings.
TYPE_KEY = b"lookalike.type"

#: Dates are their ISO texts in UTC, where the later text is the later time: LanceDB compares no timestamps before 1677.
_TYPES = {
    Kind.KEYWORD: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.DATE: pa.string(),
    Kind.BOOLEAN: pa.bool_(),
}


def column(name: str, type: FieldType) -> Any:
    """The Arrow field of a metadata field."""
    values = _TYPES[type.kind]
    return pa.field(PREFIX + name, pa.list_(values) if type.is_list else values, metadata={TYPE_KEY: str(type)})


def fields_of(schema: Any) -> dict[str, FieldType]:
    """The metadata fields of a table."""
    typed = [item for item in schema if TYPE_KEY in (item.metadata or {})]
    return {item.name.removeprefix(PREFIX): field_type(item.metadata[TYPE_KEY].decode()) for item in typed}


def names_in(schema: Any) -> list[str]:
    """The columns that hold metadata."""
    return [item.name for item in schema if item.name == TEXTS or item.name.startswith(PREFIX)]


def metadata_of(row: Mapping[str, Any]) -> dict[str, MetadataValue]:
    """The metadata of a row."""
    typed = {name.removeprefix(PREFIX): value for name, value in row.items() if name.startswith(PREFIX)}
    return dict(row.get(TEXTS) or ()) | {name: value for name, value in typed.items() if value is not None}


def counted(values: Any, *, is_list: bool) -> Any:
    """The `values` of a column without nulls, and their `counts`; in lists, each value once for each list."""
    if not is_list:
        return pa.RecordBatch.from_struct_array(values.value_counts())
    # As numbers: a text is hashed once.
    flat = compute.list_flatten(values).dictionary_encode()
    rows, codes = compute.list_parent_indices(values).to_numpy(), flat.indices.to_numpy()
    longest = compute.max(compute.list_value_length(values)).as_py() or 0
    codes = _different(rows, codes, longest) if longest <= SHORT else _different_of_long(rows, codes)
    counts = np.bincount(codes, minlength=len(flat.dictionary))
    return pa.record_batch([flat.dictionary, pa.array(counts)], ["values", "counts"])


def _different(rows: Any, codes: Any, longest: int) -> Any:
    """The codes that stand for the first time in their row, with one comparison for each distance in a row."""
    is_first = np.ones(len(codes), bool)
    for distance in range(1, longest):
        is_first[distance:] &= (codes[distance:] != codes[:-distance]) | (rows[distance:] != rows[:-distance])
    return codes[is_first]


def _different_of_long(rows: Any, codes: Any) -> Any:
    size = int(codes.max(initial=0)) + 1
    return compute.unique(pa.array(rows.astype(np.int64) * size + codes)).to_numpy() % size


def flattened(values: Any, *, is_list: bool) -> Any:
    """All values of a column without nulls, also those of lists."""
    return compute.list_flatten(values) if is_list else values
