"""What an OpenSearch and one of its indexes tell of themselves to a person who asks; writes nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lookalike.errors import AccessDenied, IndexConflict, IndexMissing
from lookalike.index.base import IndexOptions, Inspection
from lookalike.index.opensearch import health
from lookalike.index.opensearch.aliases import described
from lookalike.index.opensearch.server import Server
from lookalike.records import Diagnostic

#: Its component in the list of plugins.
KNN = "opensearch-knn"
#: From here on OpenSearch moves shards away; at 95 % it takes no more writes. Its own defaults.
HIGH_WATERMARK = 0.9
#: OpenSearch needs no common clock; `ingested_at` is the workers' and signatures (SigV4) are refused for minutes.
MOST_SKEW_S = 5.0


def inspect(url: str, name: str, options: IndexOptions) -> Inspection:
    """Raises UnsupportedService and what the index raises."""
    with health.opened(url, options) as server:
        number = health.greet(server)
        nodes = _nodes(server)
        free = [node["fs"]["total"] for node in nodes if "fs" in node]
        skew_s = _skew_s(nodes)
        return Inspection(
            _server_line(number, free),
            _index_line(server, name),
            skew_s,
            (*_plugins(server, options.engine), *_disks(free), *_clock(skew_s)),
        )


def _server_line(number: str, disks: list[dict[str, int]]) -> str:
    parts = [f"OpenSearch {number or 'of unknown version'}", f"{len(disks)} nodes" if len(disks) != 1 else "1 node"]
    if disks:
        parts.append(f"{min(disk['available_in_bytes'] for disk in disks) / 2**30:.1f} GiB free")
    return ", ".join(parts)


def _index_line(server: Server, name: str) -> str:
    try:
        version = described(server, name)
    except IndexMissing:
        return ""
    told = health.health(server, name).get(version.physical, {})
    parts = [version.physical, f"{version.engine}{', quantized' if version.is_quantized else ''}"]
    parts += [f"{version.model.dimension} dimensions"]
    if told:
        parts += [f"{told['number_of_shards']} shards with {told['number_of_replicas']} replicas", told["status"]]
    return ", ".join(parts)


def _plugins(server: Server, engine: str) -> Iterator[Diagnostic]:
    with _if_allowed():
        held = {line["component"] for line in server.call("GET", "/_cat/plugins", format="json")}
        if KNN not in held:
            yield Diagnostic(f"OpenSearch at {server} has no k-NN plugin ({KNN}).", "Install it on every node.")
    if engine == "lucene":
        return
    with _if_allowed():
        stats = server.call("GET", f"/_plugins/_knn/stats/{engine}_initialized,circuit_breaker_triggered")
        if not all(node.get(f"{engine}_initialized") for node in stats["nodes"].values()):
            # It cannot be asked for: a node whose library is missing ends when it is first used (k-NN#2643).
            what = f"The engine {engine} has not been used on every node of OpenSearch at {server} since its start."
            yield Diagnostic(what, "Make sure that the nodes have its native library, or set LOOKALIKE_ENGINE=lucene.")


def _disks(disks: list[dict[str, int]]) -> Iterator[Diagnostic]:
    fullest = max((1 - disk["available_in_bytes"] / disk["total_in_bytes"] for disk in disks), default=0.0)
    if fullest >= HIGH_WATERMARK:
        what = f"A disk of OpenSearch is {fullest:.0%} full; at 95 % its indexes take no more writes."
        yield Diagnostic(what, "Free room, or add a node.")


def _clock(skew_s: float | None) -> Iterator[Diagnostic]:
    if skew_s is not None and abs(skew_s) > MOST_SKEW_S:
        side = "ahead of" if skew_s > 0 else "behind"
        yield Diagnostic(f"A clock of OpenSearch is {abs(skew_s):,.0f} s {side} ours.", "Synchronize both (NTP).")


def _nodes(server: Server) -> list[dict[str, Any]]:
    wanted = "nodes.*.timestamp,nodes.*.fs.total"
    with _if_allowed():
        return list(server.call("GET", "/_nodes/stats/fs", filter_path=wanted).get("nodes", {}).values())
    return []


def _skew_s(nodes: list[dict[str, Any]]) -> float | None:
    """That of the node that is farthest off."""
    skews = [node["timestamp"] / 1000 - time.time() for node in nodes if "timestamp" in node]
    return max(skews, key=abs, default=None)


@contextmanager
def _if_allowed() -> Iterator[None]:
    try:
        yield
    except (AccessDenied, IndexConflict):
        return
