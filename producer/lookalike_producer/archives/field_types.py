"""One type for each field of the sidecars of a source, whatever their JSON holds: 1 here and 0.5 there are numbers."""

from lookalike.metadata import MAX_FIELDS, FieldType, Kind, type_of
from lookalike.records import Metadata, MetadataValue

_NUMBERS = {Kind.INTEGER, Kind.FLOAT}


class FieldTypes:
    """The types that the values of each field had so far. Further fields than an index can have are left out."""

    def __init__(self) -> None:
        self._types: dict[str, set[FieldType]] = {}

    def see(self, metadata: Metadata) -> Metadata:
        """Remember the types, and return the fields that are kept."""
        kept: dict[str, MetadataValue] = {}
        for name, value in metadata.items():
            if name in self._types or len(self._types) < MAX_FIELDS:
                self._types.setdefault(name, set()).add(type_of(value))
                kept[name] = value
        return kept

    @property
    def are_mixed(self) -> bool:
        """Whether some field had values of several types."""
        return any(len(types) > 1 for types in self._types.values())

    def fitted(self, metadata: Metadata) -> Metadata:
        """The values as one type holds them: floats, texts, or lists of these."""
        return {name: _fitted(value, self._types.get(name, set())) for name, value in metadata.items()}


def _fitted(value: MetadataValue, types: set[FieldType]) -> MetadataValue:
    if len(types) < 2:
        return value
    kinds = {type.kind for type in types}
    values = value if isinstance(value, list) else [value]
    if kinds == _NUMBERS:
        values = [float(each) for each in values]
    elif len(kinds) > 1:
        values = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
    return values if any(type.is_list for type in types) else values[0]  # type: ignore[return-value]
