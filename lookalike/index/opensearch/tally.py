"""The counts of several fields, as one OpenSearch search and from its answer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lookalike.filters import Scalar
from lookalike.index.bound import ORDERED
from lookalike.index.opensearch import facets, filtering
from lookalike.index.opensearch.facets import value_of
from lookalike.index.opensearch.layout import Layout
from lookalike.index.places import Place
from lookalike.index.tally import COUNTED, FieldTally, kind_of
from lookalike.metadata import Kind

#: Above it, the server rounds the least and the greatest integer: it computes with floats.
EXACT = 2**53

Aggregations = dict[str, Any]


def tallying(places: Sequence[Place], layout: Layout, limit: int, query: filtering.Query) -> dict[str, Any]:
    """The search that counts documents, and for each place those with a value, by value, and the least and greatest."""
    counted: Aggregations = {}
    for number, place in enumerate(places):
        kind, path = kind_of(place), filtering.path_of(place, layout)
        counted[f"documents{number}"] = {"filter": {"exists": {"field": path}}}
        if kind in COUNTED:
            counted[f"values{number}"] = facets.frequent(path, limit)
        if kind in ORDERED:
            counted |= {f"{name}{number}": {name: {"field": path}} for name in ("min", "max")}
    return {"size": 0, "query": query, "aggs": counted, "track_total_hits": True}


def tallies(answer: Mapping[str, Any], places: Sequence[Place]) -> Iterator[FieldTally]:
    """The counts of each place, in their order."""
    found = answer["aggregations"] if places else {}
    for number, place in enumerate(places):
        values = found.get(f"values{number}", {}).get("buckets", ())
        yield FieldTally(
            place,
            found[f"documents{number}"]["doc_count"],
            {value_of(bucket["key"], place): bucket["doc_count"] for bucket in values},
            _bounds(found, number, place),
        )


def is_exact(tally: FieldTally) -> bool:
    """Whether its least and greatest value are not rounded."""
    if tally.bounds is None or kind_of(tally.place) is not Kind.INTEGER:
        return True
    return all(abs(bound) < EXACT for bound in tally.bounds if isinstance(bound, int))


def ranging(
    ranges: Mapping[str, Sequence[Scalar]], places: Mapping[str, Place], query: filtering.Query, layout: Layout
) -> dict[str, Any]:
    """The search that counts the documents in each range of each field."""
    counted = {
        f"ranges{number}": {"filters": {"filters": list(_ranges(places[field], begins, layout))}}
        for number, (field, begins) in enumerate(ranges.items())
    }
    return {"size": 0, "query": query, "aggs": counted, "track_total_hits": False}


def ranged(answer: Mapping[str, Any], fields: Sequence[str]) -> dict[str, list[int]]:
    """The counts by field."""
    found = answer["aggregations"]
    return {
        field: [bucket["doc_count"] for bucket in found[f"ranges{number}"]["buckets"]]
        for number, field in enumerate(fields)
    }


def _bounds(found: Mapping[str, Any], number: int, place: Place) -> tuple[Scalar, Scalar] | None:
    ends = [found.get(f"{name}{number}", {}).get("value") for name in ("min", "max")]
    if None in ends:
        return None
    first, last = (value_of(end, place) for end in ends)
    return first, last


def _ranges(place: Place, begins: Sequence[Scalar], layout: Layout) -> Iterator[filtering.Query]:
    """As queries: an aggregation of ranges would round integers."""
    path, stored = filtering.path_of(place, layout), [place.stored(begin) for begin in begins]
    for begin, end in zip(stored, [*stored[1:], None], strict=True):
        yield {"range": {path: {"gte": begin} | ({} if end is None else {"lt": end})}}
