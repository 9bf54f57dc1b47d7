"""The type of a metadata field, and how people write it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from lookalike.errors import BadSetting
from lookalike.shown import shown


class Kind(StrEnum):
    """What one value of a field is. A keyword is compared as a whole; a text may be long."""

    KEYWORD = "keyword"
    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    DATE = "date"
    BOOLEAN = "boolean"


#: How people and other tools call the kinds.
_NAMES = {kind.value: kind for kind in Kind} | {
    "str": Kind.KEYWORD,
    "string": Kind.KEYWORD,
    "int": Kind.INTEGER,
    "long": Kind.INTEGER,
    "number": Kind.FLOAT,
    "double": Kind.FLOAT,
    "datetime": Kind.DATE,
    "timestamp": Kind.DATE,
    "bool": Kind.BOOLEAN,
}


@dataclass(frozen=True)
class FieldType:
    """The type of a field: one value of a kind, or a list of them. As text: `integer`, `integer[]`."""

    kind: Kind
    is_list: bool = False

    def __str__(self) -> str:
        return f"{self.kind}[]" if self.is_list else str(self.kind)


#: The fields of an index, by name.
Fields: TypeAlias = Mapping[str, FieldType]

_KINDS = "Use text, keyword, int, float, date, bool or list, such as year:int or tags:list."


def field_type(text: str) -> FieldType:
    """The type that a person writes: `int`, `list` (of keywords), `int[]`. Raises BadSetting."""
    name = text.strip().lower()
    if name == "list":
        return FieldType(Kind.KEYWORD, is_list=True)
    kind = _NAMES.get(name.removesuffix("[]"))
    if kind is None:
        raise BadSetting(f"There is no type {shown(text)} of metadata.", _KINDS)
    return FieldType(kind, name.endswith("[]"))
