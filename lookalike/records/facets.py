"""How many images have which values: counts of all images that meet the filters, not of the nearest to a query."""

from dataclasses import dataclass
from typing import Any, ClassVar

#: Values and ranges of each field, unless somebody asks for others.
VALUES, RANGES = 20, 12
#: Of all fields of an index together, OpenSearch makes at most 65,535 groups.
MOST_VALUES, FEWEST_RANGES, MOST_RANGES = 200, 2, 100


class _Documented:
    #: A string below a field is its description in the OpenAPI document.
    __pydantic_config__: ClassVar[Any] = {"use_attribute_docstrings": True}


@dataclass(frozen=True)
class FacetValue(_Documented):
    """A value, and how many images have it."""

    value: str | int | float | bool
    """The value."""
    documents: int
    """How many images have it."""


@dataclass(frozen=True)
class FacetRange(_Documented):
    """A range of numbers or dates, and how many images have a value in it."""

    min: int | float | str
    """The first value of the range."""
    below: int | float | str | None
    """The first one behind it; null for the last range, which has no end."""
    documents: int
    """How many images have a value in the range."""


@dataclass(frozen=True)
class Facet(_Documented):
    """The values of a field, most frequent first."""

    field: str
    """The name of the field."""
    type: str
    """keyword, text, integer, float, date or boolean; with [] for a list."""
    values: tuple[FacetValue, ...]
    """Empty for a field of texts."""
    least: int | float | str | None
    """Of numbers and dates; null for other types, and if there are no values."""
    greatest: int | float | str | None
    """As `least`."""
    documents: int = 0
    """How many images have a value."""
    ranges: tuple[FacetRange, ...] = ()
    """Of numbers and dates: ranges that do not overlap, in their order."""


@dataclass(frozen=True)
class Facets(_Documented):
    """Counts of all images that meet the filters. They are not counts of the nearest images of a search."""

    total: int
    """How many images meet the filters."""
    facets: tuple[Facet, ...]
    """One for each field that was asked for."""

    def __getitem__(self, field: str) -> Facet:
        """The facet of a field. Raises KeyError."""
        for facet in self.facets:
            if facet.field == field:
                return facet
        raise KeyError(field)
