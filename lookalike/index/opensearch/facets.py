"""Counts of values, and their first and last, as OpenSearch gives them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lookalike.filters import Scalar
from lookalike.index.places import Place, moment
from lookalike.metadata import Kind


def counting(path: str, limit: int, query: Mapping[str, Any]) -> dict[str, Any]:
    """The search that counts the most frequent values of a field."""
    return {"size": 0, "query": query, "aggs": {"values": frequent(path, limit)}}


def frequent(path: str, limit: int) -> dict[str, Any]:
    """The aggregation by the most frequent values, equally frequent ones sorted."""
    return {"terms": {"field": path, "size": limit, "order": [{"_count": "desc"}, {"_key": "asc"}]}}


def counts(answer: Mapping[str, Any], place: Place) -> dict[Scalar, int]:
    """The number of documents by value."""
    buckets = answer["aggregations"]["values"]["buckets"]
    return {value_of(bucket["key"], place): bucket["doc_count"] for bucket in buckets}


def extremes(path: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The searches for the documents with the first and with the last value. An aggregation would round integers."""
    having = {"bool": {"filter": [query, {"exists": {"field": path}}]}}
    for order in ("asc", "desc"):
        # An index of an earlier release may lack `taken_at_ms`.
        by = {path: {"order": order, "unmapped_type": "long"}}
        yield {"size": 1, "query": having, "_source": False, "sort": [by], "track_total_hits": False}


def bounds(answers: Sequence[Mapping[str, Any]], place: Place) -> tuple[Scalar, Scalar] | None:
    """The first and the last value; None if no document has one."""
    hits = [hit for answer in answers for hit in answer["hits"]["hits"]]
    if len(hits) < len(answers):
        return None
    first, last = (value_of(hit["sort"][0], place) for hit in hits)
    return first, last


def value_of(value: Any, place: Place) -> Scalar:
    """A value of an answer as the field holds it."""
    kind = place.type.kind if place.type else Kind.KEYWORD
    if kind is Kind.DATE:
        # Of dates in an answer, the server tells milliseconds.
        return moment(value)
    convert: type[Scalar] = {Kind.BOOLEAN: bool, Kind.INTEGER: int, Kind.FLOAT: float}.get(kind, str)
    return convert(value)
