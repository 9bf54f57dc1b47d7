"""What we keep written in an OpenSearch index itself, in our corner of its mapping's `_meta`, through any crash."""

from typing import Any

from lookalike.index.opensearch.mapping import META
from lookalike.index.opensearch.server import Server


def read(server: Server, physical: str, name: str) -> dict[str, Any]:
    """Our notes in `physical`, one version of the index `name`."""
    answer = server.call("GET", f"/{physical}/_mapping", name=name)
    return dict(answer[physical]["mappings"]["_meta"][META])


def keep(server: Server, physical: str, name: str, notes: dict[str, Any]) -> None:
    """Put `notes` in the place of those that are there."""
    server.call("PUT", f"/{physical}/_mapping", {"_meta": {META: notes}}, name=name)
