"""The type of a field that nobody declared, from its values."""

from collections.abc import Iterable, Set

from lookalike.metadata.limits import MAX_KEYWORD
from lookalike.metadata.types import FieldType, Kind
from lookalike.records import MetadataValue

#: Fields whose values are sentences, where nobody says what they are: some of them are too long for a keyword.
TEXT_NAMES = frozenset({"caption", "text", "description", "alt", "title", "prompt", "comment"})


def type_of(value: MetadataValue) -> FieldType:
    """The type of a value of a field that nobody declared. Text is a keyword unless it is too long for one; an empty
    list is one of keywords."""
    if isinstance(value, list):
        return FieldType(_joined_kind({type_of(item).kind for item in value}), is_list=True)
    if isinstance(value, bool):
        return FieldType(Kind.BOOLEAN)
    if isinstance(value, int):
        return FieldType(Kind.INTEGER)
    if isinstance(value, float):
        return FieldType(Kind.FLOAT)
    return FieldType(Kind.TEXT if len(value) > MAX_KEYWORD else Kind.KEYWORD)


def joined_type(values: Iterable[MetadataValue], name: str = "") -> FieldType:
    """The type that holds all these values of one field, called `name`, that nobody declared."""
    types = [type_of(value) for value in values if value != []]
    kind = _joined_kind({type.kind for type in types})
    if kind is Kind.KEYWORD and name.lower() in TEXT_NAMES:
        kind = Kind.TEXT
    return FieldType(kind, any(type.is_list for type in types))


def _joined_kind(kinds: Set[Kind]) -> Kind:
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {Kind.INTEGER, Kind.FLOAT}:
        return Kind.FLOAT
    return Kind.TEXT if Kind.TEXT in kinds else Kind.KEYWORD
