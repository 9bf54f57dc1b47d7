"""Reads documents of an OpenSearch index by their ids, with writes since the last refresh."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lookalike.index.opensearch.server import Server

IDS_PER_REQUEST = 1000

Items = list[dict[str, Any]]


def found(
    server: Server, target: str, name: str, ids: Sequence[str], wanted: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """The documents that exist in `target`, the index `name` or a version of it: each with the wanted fields, or all of
    them, and its sequence number. Raises IndexUnavailable if a shard does not answer, IndexMissing."""

    def read(answer: Any) -> Items:
        return [item for item in answer["docs"] if _is_found(item, server, name)]

    parameters = {"_source_includes": ",".join(wanted)} if wanted else {}
    for start in range(0, len(ids), IDS_PER_REQUEST):
        body = {"ids": list(ids[start : start + IDS_PER_REQUEST])}
        yield from server.read(read, "POST", f"/{target}/_mget", body, name=name, **parameters)


def _is_found(item: Mapping[str, Any], server: Server, name: str) -> bool:
    if error := item.get("error"):
        raise server.error_for(_status(error), error, name)
    return bool(item["found"])


def _status(error: Mapping[str, Any]) -> int:
    """An error inside a multi-get has no HTTP status."""
    return 404 if error.get("type") == "index_not_found_exception" else 503
