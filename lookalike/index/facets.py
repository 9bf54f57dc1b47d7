"""Counts of values and of ranges, among the documents that meet the filters. Knows no backend."""

from collections.abc import Sequence

from lookalike.filters import Filters, Scalar
from lookalike.index.base import Index
from lookalike.index.starts import starts
from lookalike.index.tally import FieldTally, kind_of
from lookalike.records import Facet, FacetRange, Facets, FacetValue
from lookalike.records.facets import RANGES, VALUES


def facets(
    index: Index,
    fields: Sequence[str] | None = None,
    *,
    limit: int = VALUES,
    ranges: int = RANGES,
    filters: Filters | None = None,
) -> Facets:
    """The facets of these fields, by default of the label, of when photographs were taken if any image says it, and of
    all metadata fields: the `limit` most frequent values,
    and for numbers and dates at most `ranges` ranges. Raises BadFilter for a field that the index does not have."""
    found = index.tally(fields, limit, filters)
    counted = [tally for tally in found.fields if fields is not None or tally.documents or not tally.place.is_in_ms]
    begins = {str(tally.place): _starts(tally, ranges) for tally in counted if tally.bounds is not None}
    counts = index.histograms(begins, filters) if begins else {}
    each = (_facet(tally, begins.get(str(tally.place), ()), counts) for tally in counted)
    return Facets(found.total, tuple(each))


def _starts(tally: FieldTally, ranges: int) -> Sequence[Scalar]:
    assert tally.bounds is not None
    return starts(*tally.bounds, kind_of(tally.place), ranges)


def _facet(tally: FieldTally, begins: Sequence[Scalar], counts: dict[str, list[int]]) -> Facet:
    field = str(tally.place)
    values = tuple(FacetValue(value, documents) for value, documents in tally.values.items())
    each = zip(begins, [*begins[1:], None], counts.get(field, ()), strict=True)
    ranges = tuple(FacetRange(begin, end, number) for begin, end, number in each) if begins else ()
    least, greatest = tally.bounds or (None, None)
    return Facet(field, str(tally.place.type), values, least, greatest, tally.documents, ranges)
