"""Bulk-load mode of an OpenSearch index: no refresh and no replicas while a job writes, then what was there before.

What was there before is written into the index itself (`_meta`) first, so that it can be restored after any crash.
Source of the two settings: https://docs.opensearch.org/latest/vector-search/performance-tuning-indexing/
"""

from typing import Any

from lookalike.index.mapping import META
from lookalike.index.opensearch import Server

#: Without replicas a lost node loses what was loaded; the ledger and the same `ingest` again bring it back.
LOAD_SETTINGS: dict[str, Any] = {"index.refresh_interval": "-1", "index.number_of_replicas": "0"}
BEFORE = "before_load"


def begin(server: Server, physical: str, name: str) -> None:
    """Turn refresh and replicas down; nothing changes if they are down already."""
    meta = _meta(server, physical, name)
    if BEFORE in meta:
        return
    current = server.call("GET", f"/{physical}/_settings", name=name, flat_settings="true")[physical]["settings"]
    before = {setting: current.get(setting) for setting in LOAD_SETTINGS}
    _keep(server, physical, name, meta | {BEFORE: before})
    server.call("PUT", f"/{physical}/_settings", LOAD_SETTINGS, name=name)


def end(server: Server, physical: str, name: str) -> bool:
    """Restore what was there before the load; False if no load was on."""
    meta = _meta(server, physical, name)
    before = meta.pop(BEFORE, None)
    if before is None:
        return False
    server.call("PUT", f"/{physical}/_settings", before, name=name)
    _keep(server, physical, name, meta)
    return True


def is_on(server: Server, physical: str, name: str) -> bool:
    return BEFORE in _meta(server, physical, name)


def _meta(server: Server, physical: str, name: str) -> dict[str, Any]:
    answer = server.call("GET", f"/{physical}/_mapping", name=name)
    return dict(answer[physical]["mappings"]["_meta"][META])


def _keep(server: Server, physical: str, name: str, meta: dict[str, Any]) -> None:
    server.call("PUT", f"/{physical}/_mapping", {"_meta": {META: meta}}, name=name)
