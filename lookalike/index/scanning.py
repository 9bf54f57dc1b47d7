"""Every document of an OpenSearch index under a prefix, a page at a time: a scroll, which every version has.

In the order of the disk, where a page costs the same however far on it is, and from one point in time.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from lookalike.errors import IndexUnavailable, LookalikeError
from lookalike.index.opensearch import Server

PAGE = 5000
#: From one page to the next; a consumer that pauses longer loses its place.
KEEP_ALIVE = "10m"


def scan(server: Server, name: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Id and uri of the documents whose uri begins with `prefix`. Raises IndexUnavailable if a shard is away."""
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


def _query(prefix: str) -> dict[str, Any]:
    """The uri from its column: the source would have the vector parsed for every document."""
    matching = {"prefix": {"uri": {"value": prefix}}} if prefix else {"match_all": {}}
    return {"size": PAGE, "sort": ["_doc"], "query": matching, "_source": False, "docvalue_fields": ["uri"]}


def _hits(page: Any, server: Server) -> list[Any]:
    if page["_shards"]["failed"] or page["timed_out"]:
        raise IndexUnavailable(str(server), "not every shard answered")
    hits: list[Any] = page["hits"]["hits"]
    return hits
