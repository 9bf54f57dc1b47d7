"""The metadata fields of an index: their names, and what people declare."""

import re

from lookalike.errors import BadSetting
from lookalike.metadata.limits import MAX_FIELDS
from lookalike.metadata.types import Fields, FieldType, field_type
from lookalike.shown import shown

#: Both indexes can name a field so. Tables' columns are renamed with `field_name`.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def parse_fields(text: str) -> dict[str, FieldType | None]:
    """Columns with their types, from `a,b:int,c:list`; None where no type is given. Raises BadSetting."""
    fields: dict[str, FieldType | None] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, colon, type_name = item.rpartition(":")
        fields[(name if colon else item).strip()] = field_type(type_name) if colon else None
    if not fields:
        raise BadSetting(f"{shown(text)} names no column.", "Name columns with commas between them, or all.")
    return fields


def field_name(column: str) -> str:
    """The name of the field for a column: other characters become `_`."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", column.strip())[:64]
    return name if NAME.fullmatch(name) else f"_{name}"[:64]


def check_fields(fields: Fields) -> None:
    """Raises BadSetting for too many fields, or a name that an index cannot hold."""
    if len(fields) > MAX_FIELDS:
        raise BadSetting(
            f"{len(fields)} metadata fields are too many: an index has at most {MAX_FIELDS}.",
            "Name the columns that searches filter on.",
        )
    for name in fields:
        if not NAME.fullmatch(name):
            raise BadSetting(
                f"A metadata field cannot be named {shown(name)}.", "Use at most 64 letters, digits and `_`."
            )
