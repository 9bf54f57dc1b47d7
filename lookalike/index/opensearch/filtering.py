"""Conditions as OpenSearch queries."""

from collections.abc import Iterable
from typing import Any

from lookalike.filters import Operator
from lookalike.index.opensearch.layout import METADATA, Layout
from lookalike.index.places import Bound, Period, Place, Value
from lookalike.metadata import Kind

Query = dict[str, Any]

_BOUNDS = {Operator.AT_LEAST: "gte", Operator.AT_MOST: "lte", Operator.ABOVE: "gt", Operator.BELOW: "lt"}


def clauses(conditions: Iterable[Bound], layout: Layout) -> list[Query]:
    """One query for each condition."""
    return [_clause(condition, layout) for condition in conditions]


def matching(conditions: Iterable[Bound], layout: Layout) -> Query:
    """The query for documents that meet all conditions."""
    found = clauses(conditions, layout)
    return {"bool": {"filter": found}} if found else {"match_all": {}}


def path_of(place: Place, layout: Layout) -> str:
    """Of a place in the mapping."""
    if place.is_own:
        return place.key
    return f"{METADATA if place.type is None else layout.root}.{place.key}"


def _clause(condition: Bound, layout: Layout) -> Query:
    path = path_of(condition.place, layout)
    if condition.operator is Operator.EXISTS:
        return {"exists": {"field": path}}
    if condition.operator is Operator.MISSING:
        return _not({"exists": {"field": path}})
    if condition.operator is Operator.ONE_OF:
        return _one_of(condition, layout)
    if condition.operator is Operator.NONE_OF:
        return _not(_one_of(condition, layout))
    return {"range": {path: {_BOUNDS[condition.operator]: condition.limit}}}


def _one_of(condition: Bound, layout: Layout) -> Query:
    place, path = condition.place, path_of(condition.place, layout)
    kind = place.type.kind if place.type else None
    if kind is Kind.TEXT:
        return _any({"match_phrase": {path: value}} for value in condition.values)
    if kind is Kind.DATE:
        return _any(_within(path, value) for value in condition.values)
    terms = {"terms": {path: list(condition.values)}}
    if layout.has_texts and kind is Kind.KEYWORD and not place.is_own:
        # Documents of an earlier release have their texts there.
        return _any([terms, {"terms": {f"{METADATA}.{place.key}": list(condition.values)}}])
    return terms


def _within(path: str, value: Value) -> Query:
    assert isinstance(value, Period)
    return {"range": {path: {"gte": value.first, "lte": value.last}}}


def _any(queries: Iterable[Query]) -> Query:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def _not(query: Query) -> Query:
    return {"bool": {"must_not": [query]}}
