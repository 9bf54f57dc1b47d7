"""Bulk-load mode of an OpenSearch index: no refresh and no replicas while a job writes, then what was there before.

What was there before is written into the index itself (`_meta`) first, so that it can be restored after any crash.
Source of the two settings: https://docs.opensearch.org/latest/vector-search/performance-tuning-indexing/
"""

from typing import Any

from lookalike.index.opensearch import meta
from lookalike.index.opensearch.server import Server

#: Without replicas a lost node loses what was loaded; the ledger and the same `ingest` again bring it back.
LOAD_SETTINGS: dict[str, Any] = {"index.refresh_interval": "-1", "index.number_of_replicas": "0"}
BEFORE = "before_load"


def begin(server: Server, physical: str, name: str) -> None:
    """Turn refresh and replicas down; nothing changes if they are down already."""
    kept = meta.read(server, physical, name)
    if BEFORE in kept:
        return
    current = server.call("GET", f"/{physical}/_settings", name=name, flat_settings="true")[physical]["settings"]
    before = {setting: current.get(setting) for setting in LOAD_SETTINGS}
    meta.keep(server, physical, name, kept | {BEFORE: before})
    server.call("PUT", f"/{physical}/_settings", LOAD_SETTINGS, name=name)


def end(server: Server, physical: str, name: str) -> bool:
    """Restore what was there before the load; False if no load was on."""
    kept = meta.read(server, physical, name)
    before = kept.pop(BEFORE, None)
    if before is None:
        return False
    server.call("PUT", f"/{physical}/_settings", before, name=name)
    meta.keep(server, physical, name, kept)
    return True


def is_on(server: Server, physical: str, name: str) -> bool:
    return BEFORE in meta.read(server, physical, name)
