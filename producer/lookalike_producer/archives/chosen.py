"""What is taken of the sidecars of an image: label, key and metadata, as a person asked for it of tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lookalike.metadata import FieldType, coerced, field_name
from lookalike.records import Metadata, MetadataValue
from lookalike_producer.archives.sidecar import MAX_LABEL, Sidecars
from lookalike_producer.tables.options import AS_FOUND, ID_FIELD, NONE, TableOptions


@dataclass(frozen=True)
class Described:
    """What sidecars say of their images."""

    label: str | None = None
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True)
class Chosen:
    """The fields that `columns` names; without a choice, all of them, and the label of the .cls."""

    columns: TableOptions = AS_FOUND

    def of(self, sidecars: Sidecars) -> Described:
        """Raises ValueError, with a short text."""
        if not sidecars.has_any:
            return Described()
        fields = sidecars.metadata()
        return Described(self._label(sidecars, fields), self._metadata(fields))

    def _label(self, sidecars: Sidecars, fields: Metadata) -> str | None:
        if self.columns.label_column is None:
            return sidecars.label()
        label = _text(fields.get(field_name(self.columns.label_column)))
        if label is not None and len(label) > MAX_LABEL:
            raise ValueError(f"the label in {self.columns.label_column} has {len(label)} characters")
        return label

    def _metadata(self, fields: Metadata) -> Metadata:
        kept = {} if self.columns.metadata == NONE else dict(fields)
        if self._named is not None:
            kept = {}
            for name, (column, type) in self._named.items():
                value = _value(column, fields.get(name), type)
                if value is not None:
                    kept[name] = value
        if self.columns.id_column is not None:
            key = _text(fields.get(field_name(self.columns.id_column)))
            kept |= {ID_FIELD: key} if key is not None else {}
        return kept

    @cached_property
    def _named(self) -> Mapping[str, tuple[str, FieldType | None]] | None:
        """The columns and their types, by the names of fields."""
        named = self.columns.named
        return None if named is None else {field_name(column): (column, type) for column, type in named.items()}


def _value(column: str, value: MetadataValue | None, type: FieldType | None) -> MetadataValue | None:
    if value is None or type is None:
        return value
    try:
        return coerced(value, type)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error


def _text(value: MetadataValue | None) -> str | None:
    """The value as a label or a key; None for none, and for a list."""
    return None if value is None or isinstance(value, list) else str(value).strip() or None
