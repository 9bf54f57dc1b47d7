"""The typed columns of a LanceDB table for metadata: `metadata_year` holds the field `year`."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pyarrow import compute

from lookalike.metadata import FieldType, Kind, field_type
from lookalike.records import MetadataValue

#: Of the columns' names.
PREFIX = "metadata_"
#: In a table that an earlier release made: a map of texts. It is read, and new documents have none in it.
TEXTS = "metadata"
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


def different(lists: Any) -> Any:
    """The values of some lists, each once for each list that has it."""
    rows = compute.list_parent_indices(lists)
    pairs = pa.table({"row": rows, "value": compute.list_flatten(lists)}).group_by(["row", "value"]).aggregate([])
    return pairs["value"].combine_chunks()
