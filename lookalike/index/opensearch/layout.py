"""Where an OpenSearch index keeps metadata: the object of typed fields in its mapping, and in a document's source.

A field's own `meta` has its type, so that fields of several clients that declare at the same time cannot be lost, as
they could in the `_meta` of the whole mapping, which is only replaced as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lookalike.metadata import Fields, FieldType, Kind, field_type
from lookalike.records import MetadataValue

METADATA = "metadata"
#: The typed fields of an index whose `metadata` holds texts only, as an earlier release made it.
TYPED = "typed_metadata"
#: What a source may have of metadata.
OBJECTS = (METADATA, TYPED)
#: Fields of documents that an index of an earlier release lacks until `ensure` adds them. The etag is kept, and never
#: searched.
LATER: dict[str, dict[str, Any]] = {
    "etag": {"type": "keyword", "index": False, "doc_values": False},
    "taken_at_ms": {"type": "long"},
}
#: Lookalike's key in the `meta` of a field.
TYPE = "lookalike"

_TYPES = {
    Kind.KEYWORD: "keyword",
    Kind.TEXT: "text",
    Kind.INTEGER: "long",
    Kind.FLOAT: "double",
    Kind.DATE: "date",
    Kind.BOOLEAN: "boolean",
}


@dataclass(frozen=True)
class Layout:
    """`root` is the object of the typed fields. `later`: those of LATER that the index has. `has_texts`: documents of
    an earlier release have texts beside them."""

    root: str
    fields: Fields
    later: frozenset[str]
    has_texts: bool


#: Of a new index, before fields are declared.
NEW = Layout(METADATA, {}, later=frozenset(LATER), has_texts=False)


def layout_of(mappings: Mapping[str, Any]) -> Layout:
    """The layout of an index that lookalike made."""
    properties = mappings.get("properties", {})
    has_texts = properties.get(METADATA, {}).get("type") == "flat_object"
    root = TYPED if has_texts else METADATA
    fields = properties.get(root, {}).get("properties", {})
    later = frozenset(LATER.keys() & properties.keys())
    return Layout(root, {name: _type(field) for name, field in fields.items()}, later, has_texts)


def properties(root: str, fields: Fields) -> dict[str, Any]:
    """The part of a mapping that holds these fields."""
    return {root: {"type": "object", "properties": {name: _field(type) for name, type in fields.items()}}}


def metadata_of(source: Mapping[str, Any]) -> dict[str, MetadataValue]:
    """The metadata of a document's source, as it was written. OpenSearch omits an empty object."""
    return {**source.get(METADATA, {}), **source.get(TYPED, {})}


def _field(type: FieldType) -> dict[str, Any]:
    field: dict[str, Any] = {"type": _TYPES[type.kind], "meta": {TYPE: str(type)}}
    if type.kind is Kind.TEXT:
        # With norms, a text without words would not exist. The analyzer finds the words of `words`.
        field |= {"analyzer": "standard", "norms": False}
    if type.kind is Kind.DATE:
        field["format"] = "strict_date_optional_time"
    return field


def _type(field: Mapping[str, Any]) -> FieldType:
    if recorded := field.get("meta", {}).get(TYPE):
        return field_type(recorded)
    # A person has added it to the mapping.
    kinds = {of_server: kind for kind, of_server in _TYPES.items()}
    return FieldType(kinds.get(field.get("type", ""), Kind.KEYWORD))
