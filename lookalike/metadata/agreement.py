"""Whether an index holds the metadata that it is given."""

from lookalike.metadata.fitting import fitted_value
from lookalike.metadata.inference import type_of
from lookalike.metadata.types import Fields, FieldType, Kind
from lookalike.records import ImageRef, Metadata, MetadataValue, Stored


def agree(stored: Stored, ref: ImageRef, fields: Fields) -> bool:
    """Whether a document has the label and the metadata of a reference, as far as they are known. `fields` are those of
    the index."""
    return ref.keeps_metadata or (stored.name == ref.label and is_same(stored.metadata, ref.metadata, fields))


def is_same(stored: Metadata, given: Metadata, fields: Fields) -> bool:
    """Whether an index that was given this metadata would hold what it holds: 5 and "5" are the same in a field of
    integers, and so are no tags and an empty list of them, or "n/a" and no number."""
    given = {name: value for name, value in given.items() if not _is_left_out(value, fields.get(name))}
    return stored.keys() == given.keys() and all(_is_held_as(value, stored[name]) for name, value in given.items())


def lost_fields(stored: Stored, ref: ImageRef, fields: Fields) -> frozenset[str]:
    """The metadata fields of a document that it would no longer have, with what a reference gives."""
    if ref.keeps_metadata:
        return frozenset()
    left_out = {name for name, value in ref.metadata.items() if _is_left_out(value, fields.get(name))}
    return frozenset(stored.metadata.keys() - (ref.metadata.keys() - left_out))


def _is_left_out(value: MetadataValue, type: FieldType | None) -> bool:
    """Whether an index holds nothing for a value in a field of this type."""
    try:
        return value == [] or (type is not None and fitted_value(value, type) is None)
    except ValueError:
        return False


def _is_held_as(given: MetadataValue, stored: MetadataValue) -> bool:
    if given == stored:
        return True
    held = type_of(stored)
    kinds = (Kind.DATE, Kind.TEXT) if held.kind in (Kind.KEYWORD, Kind.TEXT) else (held.kind,)
    return any(_fits_as(given, FieldType(kind, held.is_list), stored) for kind in kinds)


def _fits_as(given: MetadataValue, type: FieldType, stored: MetadataValue) -> bool:
    try:
        return fitted_value(given, type) == stored
    except ValueError:
        return False
