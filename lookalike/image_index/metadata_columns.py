"""Metadata as columns of a Parquet file: a typed one for each field, and all of it as a map of texts.

The map also has the texts that documents of an earlier release have beside the fields.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from lookalike.metadata import Fields, FieldType, Kind
from lookalike.records import Metadata, MetadataValue

#: The map of texts, as a column.
TEXTS = "metadata"
PREFIX = "metadata_"

_TYPES = {
    Kind.KEYWORD: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.DATE: pa.timestamp("ms", tz="UTC"),
    Kind.BOOLEAN: pa.bool_(),
}


def schema(fields: Fields) -> dict[str, Any]:
    """The Arrow type of each column."""
    typed = {PREFIX + name: _arrow_type(type) for name, type in sorted(fields.items())}
    return {TEXTS: pa.map_(pa.string(), pa.string()), **typed}


def values(metadata: Sequence[Metadata], fields: Fields) -> dict[str, list[Any]]:
    """The values of each column, one for each document."""
    texts = [[(name, _text(value)) for name, value in item.items()] for item in metadata]
    typed = {PREFIX + name: [_value(item.get(name), type) for item in metadata] for name, type in fields.items()}
    return {TEXTS: texts, **typed}


def _arrow_type(type: FieldType) -> Any:
    return pa.list_(_TYPES[type.kind]) if type.is_list else _TYPES[type.kind]


def _text(value: MetadataValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _value(value: Any, type: FieldType) -> Any:
    if value is None or type.kind is not Kind.DATE:
        return value
    return [_moment(item) for item in value] if type.is_list else _moment(value)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
