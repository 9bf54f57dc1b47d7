"""The bulk-load mode of an OpenSearch index: no refresh, no replicas and, if it is empty, no graph while a job writes.

The settings before the load are recorded in the index itself (`_meta`) first, so that they can be restored after any
crash. Sources: https://docs.opensearch.org/latest/vector-search/performance-tuning-indexing/,
https://docs.opensearch.org/latest/vector-search/settings/
"""

from typing import Any
from uuid import uuid4

from lookalike.index.opensearch import graph_once, meta, server_version
from lookalike.index.opensearch.aliases import Version
from lookalike.index.opensearch.bulk_writer import BulkWriter
from lookalike.index.opensearch.server import Server
from lookalike.index.opensearch.server_version import THRESHOLD_SINCE

#: Without replicas, a lost node loses documents of the load; repeating the `ingest` writes them again.
LOAD_SETTINGS: dict[str, Any] = {"index.refresh_interval": "-1", "index.number_of_replicas": "0"}
#: With -1 a segment gets no graph, and its vectors are compared one by one.
THRESHOLD = "index.knn.advanced.approximate_threshold"
NO_GRAPH = {THRESHOLD: "-1"}
BEFORE = "before_load"
#: Tells this load from the next one, whose settings before are the same.
LOAD = "load"


def begin(server: Server, version: Version, name: str) -> None:
    """Record the current settings and apply those of a load; does nothing if one has begun."""
    content = meta.read(server, version.name, name)
    if BEFORE in content:
        return
    load = LOAD_SETTINGS | (NO_GRAPH if _builds_once(server, version, name) else {})
    answer = server.call("GET", f"/{version.name}/_settings", name=name, flat_settings="true")
    before = {setting: answer[version.name]["settings"].get(setting) for setting in load}
    meta.replace(server, version.name, name, content | {BEFORE: before, LOAD: uuid4().hex})
    server.call("PUT", f"/{version.name}/_settings", load, name=name)


def end(server: Server, writer: BulkWriter, version: str, name: str) -> bool:
    """Restore the settings from before the load, make its documents visible, and let the server build a graph that was
    put off. False if no load had begun."""
    content = meta.read(server, version, name)
    before = content.get(BEFORE)
    if before is not None:
        server.call("PUT", f"/{version}/_settings", before, name=name)
    server.call("POST", f"/{version}/_refresh", name=name)
    if before is None:
        return False
    if THRESHOLD in before:
        graph_once.build(server, writer, version, name)
    # Last: until then, the next attempt does all of it again.
    _forget(server, version, name, content.get(LOAD))
    return True


def _forget(server: Server, version: str, name: str, load: str | None) -> None:
    """Remove the mark of this load. Another client may have ended it long ago, and the next one may have begun."""
    content = meta.read(server, version, name)
    if content.get(LOAD) == load:
        meta.replace(server, version, name, {key: value for key, value in content.items() if key not in (BEFORE, LOAD)})


def has_begun(server: Server, version: str, name: str) -> bool:
    return BEFORE in meta.read(server, version, name)


def _builds_once(server: Server, version: Version, name: str) -> bool:
    """Whether the graph can be put off until the end of the load: only in an empty index, because a merge during the
    load would drop the graph of segments that were there before."""
    since = THRESHOLD_SINCE.get(version.engine)
    if since is None or not server_version.has(server_version.read(server), since):
        return False
    return not server.query(f"/{version.name}/_count", None, name=name)["count"]
