"""The counts of some fields, among the documents that meet the filters."""

from collections.abc import Mapping
from dataclasses import dataclass

from lookalike.filters import Scalar
from lookalike.index.places import Place
from lookalike.metadata import Kind

#: Kinds whose values repeat.
COUNTED = (Kind.KEYWORD, Kind.BOOLEAN, Kind.INTEGER)


@dataclass(frozen=True)
class FieldTally:
    """`documents` have a value in this place; `values` are the most frequent ones of COUNTED, `bounds` the least and
    the greatest of ORDERED."""

    place: Place
    documents: int
    values: Mapping[Scalar, int]
    bounds: tuple[Scalar, Scalar] | None


@dataclass(frozen=True)
class Tally:
    """`total` documents meet the filters."""

    total: int
    fields: tuple[FieldTally, ...]


def kind_of(place: Place) -> Kind:
    """The kind of its values; texts of an earlier release are keywords."""
    return place.type.kind if place.type else Kind.KEYWORD
