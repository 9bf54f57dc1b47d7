"""Reads and writes lookalike's part of an OpenSearch mapping's `_meta`, which survives any crash."""

from typing import Any

from lookalike.index.opensearch.mapping import META
from lookalike.index.opensearch.server import Server


def read(server: Server, version: str, name: str) -> dict[str, Any]:
    """The content for `version`, one version of the index `name`."""
    answer = server.call("GET", f"/{version}/_mapping", name=name)
    return dict(answer[version]["mappings"]["_meta"][META])


def replace(server: Server, version: str, name: str, content: dict[str, Any]) -> None:
    """Replace the content for `version`."""
    server.call("PUT", f"/{version}/_mapping", {"_meta": {META: content}}, name=name)
