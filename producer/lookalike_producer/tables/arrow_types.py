"""The columns and types of an Arrow schema, as fields of an index. Imports PyArrow."""

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow
from pyarrow import types

from lookalike.metadata import FieldType, Kind
from lookalike_producer.tables.rows import HOLDS_BYTES

#: Deeper structures are no columns.
DEEPEST = 8


class Leaf(NamedTuple):
    """A column, or a field in a structure: the names on the way to it, and its type."""

    path: tuple[str, ...]
    type: pyarrow.DataType

    @property
    def name(self) -> str:
        return ".".join(self.path)


def leaves(schema: pyarrow.Schema) -> Iterator[Leaf]:
    """The columns, with those inside structures."""
    for field in schema:
        yield from _inside(field, ())


def _inside(field: pyarrow.Field, outer: tuple[str, ...]) -> Iterator[Leaf]:
    path = (*outer, field.name)
    if types.is_struct(field.type) and len(path) < DEEPEST:
        for inner in field.type:
            yield from _inside(inner, path)
    else:
        yield Leaf(path, field.type)


def type_of(type: pyarrow.DataType) -> tuple[FieldType | None, str]:
    """The type of a field for values of this type; None, and why there is none."""
    if types.is_dictionary(type):
        type = type.value_type
    if _is_list(type):
        kind = _kind(type.value_type)
        return (FieldType(kind, is_list=True), "") if kind else (None, f"holds lists of {type.value_type}")
    kind = _kind(type)
    if kind is None:
        return None, HOLDS_BYTES if is_binary(type) else f"holds values of the type {type}"
    return FieldType(kind), ""


def _kind(type: pyarrow.DataType) -> Kind | None:
    for is_of, kind in _KINDS:
        if is_of(type):
            return kind
    return None


def _is_list(type: pyarrow.DataType) -> bool:
    return bool(
        types.is_list(type) or types.is_large_list(type) or types.is_fixed_size_list(type) or types.is_list_view(type)
    )


def is_binary(type: pyarrow.DataType) -> bool:
    """Whether the values are bytes."""
    return bool(
        types.is_binary(type)
        or types.is_large_binary(type)
        or types.is_fixed_size_binary(type)
        or types.is_binary_view(type)
    )


_KINDS = (
    (types.is_boolean, Kind.BOOLEAN),
    (types.is_integer, Kind.INTEGER),
    (types.is_floating, Kind.FLOAT),
    (types.is_decimal, Kind.FLOAT),
    (types.is_date, Kind.DATE),
    (types.is_timestamp, Kind.DATE),
    (types.is_string, Kind.KEYWORD),
    (types.is_large_string, Kind.KEYWORD),
    (types.is_string_view, Kind.KEYWORD),
    (types.is_time, Kind.KEYWORD),
    (types.is_null, Kind.KEYWORD),
)
