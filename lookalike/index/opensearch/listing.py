"""A page of documents in an order, as an OpenSearch search and from its answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from lookalike.index.opensearch import filtering
from lookalike.index.opensearch.layout import OBJECTS, Layout, metadata_of
from lookalike.index.places import Place
from lookalike.metadata import Kind
from lookalike.queries.cursor import not_ours
from lookalike.queries.listing import Listing, Position, Row
from lookalike.records import Listed

SOURCE = ("uri", "name", "width", "height", "ingested_at", "taken_at_ms", *OBJECTS)
#: The types of the values that the server sorts by; a date is milliseconds. Where a number is missing, it is the
#: greatest or the least one, and a float the text of infinity.
_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.KEYWORD: (str, type(None)),
    Kind.INTEGER: (int,),
    Kind.DATE: (int,),
    Kind.BOOLEAN: (int,),
    Kind.FLOAT: (float, int, str),
}
_INFINITIES = ("Infinity", "-Infinity")


def searching(listing: Listing, place: Place | None, query: filtering.Query, layout: Layout) -> dict[str, Any]:
    """The search for a page of the documents that a query matches. `place` orders them; None: by chance."""
    order = "desc" if listing.order.is_descending else "asc"
    if place is None:
        # Of the sequence number, which is the same on each copy of a shard.
        chance = {"seed": listing.seed, "field": "_seq_no"}
        query = {"function_score": {"query": query, "random_score": chance, "boost_mode": "replace"}}
        by: dict[str, Any] = {"_score": "desc"}
    else:
        # An index of an earlier release may lack `taken_at_ms`.
        by = {filtering.path_of(place, layout): {"order": order, "missing": "_last", "unmapped_type": "long"}}
    body = {"size": listing.limit, "query": query, "_source": SOURCE, "track_total_hits": False}
    if listing.after is not None:
        _check(listing.after, place)
        body["search_after"] = list(listing.after)
    return body | {"sort": [by, {"uri": "asc"}]}


def rows(answer: Mapping[str, Any]) -> Iterator[Row]:
    """The documents of an answer."""
    for hit in answer["hits"]["hits"]:
        source = hit["_source"]
        own = {name: source.get(name) for name in SOURCE if name not in OBJECTS}
        image = Listed(id=hit["_id"], metadata=metadata_of(source), **own)
        yield Row(image, Position(*hit["sort"]))


def _check(after: Position, place: Place | None) -> None:
    """Raises BadQuery for a value that the server has not given."""
    if place is None or place.type is None:
        after.check(float, int)
        return
    after.check(*_TYPES[place.type.kind])
    if place.type.kind is Kind.FLOAT and isinstance(after.value, str) and after.value not in _INFINITIES:
        raise not_ours()
