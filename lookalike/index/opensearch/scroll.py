"""Many documents of an OpenSearch index as a search sees them, without their vectors.

A get would put the vector back into each source first, which a search of other fields does not (0.4 against 0.04 ms).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from lookalike.errors import IndexUnavailable, LookalikeError
from lookalike.index.opensearch.server import Server

#: Fewer than the 10,000 that a search may give.
IDS_PER_REQUEST = 1000
PAGE = 5000
#: From one page to the next; a consumer that pauses longer loses its place.
KEEP_ALIVE = "10m"


def scan(server: Server, name: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Id and uri of the documents whose uri begins with `prefix`. Raises IndexUnavailable if a shard is away.

    A scroll, which every version has: in the order of the disk, where a page costs the same however far on it is.
    """
    page = server.call("POST", f"/{name}/_search", _query(prefix), name=name, scroll=KEEP_ALIVE)
    try:
        while hits := _hits(page, server):
            for hit in hits:
                yield hit["_id"], hit["fields"]["uri"][0]
            following = {"scroll": KEEP_ALIVE, "scroll_id": page["_scroll_id"]}
            page = server.call("POST", "/_search/scroll", following, name=name)
    finally:
        # It would end by itself; until then it holds files of the index.
        with suppress(LookalikeError):
            server.call("DELETE", "/_search/scroll", {"scroll_id": page["_scroll_id"]}, name=name)


def find(server: Server, name: str, ids: Sequence[str], wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The wanted fields by id. Raises IndexUnavailable if a shard is away."""
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), IDS_PER_REQUEST):
        some = list(ids[start : start + IDS_PER_REQUEST])
        query = {"size": len(some), "query": {"ids": {"values": some}}, "_source": wanted, "sort": ["_doc"]}
        answer = server.call("POST", f"/{name}/_search", query, name=name)
        found.update((hit["_id"], hit["_source"]) for hit in _hits(answer, server))
    return found


def _query(prefix: str) -> dict[str, Any]:
    """The uri from its column: the source would have the vector parsed for every document."""
    matching = {"prefix": {"uri": {"value": prefix}}} if prefix else {"match_all": {}}
    return {"size": PAGE, "sort": ["_doc"], "query": matching, "_source": False, "docvalue_fields": ["uri"]}


def _hits(page: Any, server: Server) -> list[Any]:
    if page["_shards"]["failed"] or page["timed_out"]:
        raise IndexUnavailable(str(server), "not every shard answered")
    hits: list[Any] = page["hits"]["hits"]
    return hits
