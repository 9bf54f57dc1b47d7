"""Metadata as the fields of an index hold it."""

from lookalike.metadata.cells import coerced
from lookalike.metadata.conversion import converted, converted_list
from lookalike.metadata.types import Fields, FieldType, Kind
from lookalike.records import Metadata, MetadataValue


def fitted(metadata: Metadata, fields: Fields) -> dict[str, MetadataValue]:
    """The metadata as the fields of an index hold it; values of other fields stay as they are. Raises ValueError, with
    the field and a short text.

    Text stays text: "none" is a missing value in a column of numbers, not among the names of brands."""
    result: dict[str, MetadataValue] = {}
    for name, value in metadata.items():
        try:
            held = fitted_value(value, fields[name]) if name in fields else value
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if held is not None:
            result[name] = held
    return result


def fitted_value(value: MetadataValue, type: FieldType) -> MetadataValue | None:
    """The value as its field holds it, as in `fitted`; None for a missing one. Raises ValueError, with a short text."""
    if type.kind not in (Kind.KEYWORD, Kind.TEXT):
        return coerced(value, type)
    if not type.is_list:
        return converted(value, type.kind)
    values = value if isinstance(value, list) else [value]
    return converted_list(values, lambda item: None if item is None else converted(item, type.kind))
