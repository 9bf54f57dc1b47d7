"""The bulk-load mode of an OpenSearch index: no refresh and no replicas while a job writes.

The settings before the load are recorded in the index itself (`_meta`) first, so that they can be restored after any
crash. Source: https://docs.opensearch.org/latest/vector-search/performance-tuning-indexing/
"""

from typing import Any

from lookalike.index.opensearch import meta
from lookalike.index.opensearch.server import Server

#: Without replicas, a lost node loses documents of the load; repeating the `ingest` writes them again.
LOAD_SETTINGS: dict[str, Any] = {"index.refresh_interval": "-1", "index.number_of_replicas": "0"}
BEFORE = "before_load"


def begin(server: Server, version: str, name: str) -> None:
    """Record the current settings and turn off refresh and replicas; does nothing if a load has begun."""
    content = meta.read(server, version, name)
    if BEFORE in content:
        return
    current = server.call("GET", f"/{version}/_settings", name=name, flat_settings="true")[version]["settings"]
    before = {setting: current.get(setting) for setting in LOAD_SETTINGS}
    meta.replace(server, version, name, content | {BEFORE: before})
    server.call("PUT", f"/{version}/_settings", LOAD_SETTINGS, name=name)


def end(server: Server, version: str, name: str) -> bool:
    """Restore the settings from before the load; False if no load had begun."""
    content = meta.read(server, version, name)
    before = content.pop(BEFORE, None)
    if before is None:
        return False
    server.call("PUT", f"/{version}/_settings", before, name=name)
    meta.replace(server, version, name, content)
    return True


def has_begun(server: Server, version: str, name: str) -> bool:
    return BEFORE in meta.read(server, version, name)
