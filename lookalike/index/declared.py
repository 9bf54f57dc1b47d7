"""The metadata fields of an index: which ones documents add, and whether their values fit. Knows no backend."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lookalike.errors import IndexConflict
from lookalike.metadata import MAX_FIELDS, MAX_KEYWORD, NAME, Fields, FieldType, check_fields, fitted, joined_type
from lookalike.records import Document, MetadataValue, Reason, Rejected
from lookalike.shown import shown


def undeclared(existing: Fields, asked: Fields, index: str) -> dict[str, FieldType]:
    """The fields that `index` does not have yet. Raises IndexConflict for a field that it has with another type,
    BadSetting for a name that no index can hold, or too many fields."""
    for name, wanted in asked.items():
        held = existing.get(name, wanted)
        if held != wanted:
            raise IndexConflict(
                f"Index {index} holds the metadata field {name} as {held}; it cannot hold it as {wanted} as well.",
                f"Declare it as {name}:{held}, give the column another name, or use a new index (--index).",
            )
    new = {name: type for name, type in asked.items() if name not in existing}
    if new:
        # Clients that add fields at the same time may have exceeded the limit: what is there stays usable.
        check_fields({**existing, **new})
    return new


def first_used(documents: Iterable[Document], existing: Fields) -> dict[str, FieldType]:
    """The fields that these documents use first, with the types of their values; as many as the index has room for."""
    values: dict[str, list[MetadataValue]] = {}
    for document in documents:
        for name, value in document.metadata.items():
            if name not in existing and value != [] and NAME.fullmatch(name):
                values.setdefault(name, []).append(value)
    room = max(0, MAX_FIELDS - len(existing))
    return {name: joined_type(values[name], name) for name in list(values)[:room]}


def fit(documents: Sequence[Document], fields: Fields) -> tuple[list[Document], list[Rejected]]:
    """The documents with label and metadata as the index holds them, and the rejected ones (`bad_metadata`)."""
    fitting, rejected = [], []
    for document in documents:
        try:
            _check_label(document.name)
            fitting.append(_fitted(document, fields) if document.metadata else document)
        except ValueError as error:
            rejected.append(Rejected(document.uri, Reason.BAD_METADATA, str(error)))
    return fitting, rejected


def _check_label(label: str | None) -> None:
    """Raises ValueError for a label that OpenSearch cannot compare as a whole, on every backend."""
    if label is not None and len(label) > MAX_KEYWORD:
        raise ValueError(f"label: {len(label)} characters are more than {MAX_KEYWORD}")


def _fitted(document: Document, fields: Fields) -> Document:
    held = fitted(document.metadata, fields)
    for name, value in held.items():
        if name not in fields and value != []:
            raise ValueError(_why_absent(name))
    return replace(document, metadata={name: value for name, value in held.items() if name in fields})


def _why_absent(name: str) -> str:
    if NAME.fullmatch(name):
        return f"{name}: the index has {MAX_FIELDS} metadata fields already"
    return f"{shown(name)} is no name of a field: use at most 64 letters, digits and `_`"
