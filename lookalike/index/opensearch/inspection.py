"""The state of an OpenSearch server and of one index, for `lookalike doctor`. Writes nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lookalike.errors import AccessDenied, IndexConflict, IndexMissing
from lookalike.index.base import Inspection
from lookalike.index.opensearch import health
from lookalike.index.opensearch.aliases import resolve
from lookalike.index.opensearch.server import Server
from lookalike.index.opensearch.vector_field import FLOAT_BITS
from lookalike.index.options import IndexOptions
from lookalike.records import Diagnostic

#: The k-NN plugin's name in the list of plugins.
KNN = "opensearch-knn"
#: OpenSearch's default: above it, OpenSearch moves shards away; at 95 % it stops accepting writes.
HIGH_WATERMARK = 0.9
#: OpenSearch needs no exact clock, but `ingested_at` comes from the workers, and a signature (SigV4) is valid for
#: minutes.
MOST_SKEW_S = 5.0


def inspect(url: str, name: str, options: IndexOptions) -> Inspection:
    """Raises UnsupportedService and the errors of `Index`."""
    with health.connect(url, options) as server:
        number = health.check_version(server)
        nodes = _nodes(server)
        disks = [node["fs"]["total"] for node in nodes if "fs" in node]
        skew_s = _skew_s(nodes)
        return Inspection(
            _server_line(number, disks),
            _index_line(server, name),
            skew_s,
            (*_plugins(server, options.engine), *_disks(disks), *_clock(skew_s)),
        )


def _server_line(number: str, disks: list[dict[str, int]]) -> str:
    parts = [f"OpenSearch {number or 'of unknown version'}", f"{len(disks)} nodes" if len(disks) != 1 else "1 node"]
    if disks:
        parts.append(f"{min(disk['available_in_bytes'] for disk in disks) / 2**30:.1f} GiB free")
    return ", ".join(parts)


def _index_line(server: Server, name: str) -> str:
    try:
        version = resolve(server, name)
    except IndexMissing:
        return ""
    found = health.index_health(server, name).get(version.name, {})
    parts = [version.name, f"{version.engine}{f', {version.bits} bits' if version.bits < FLOAT_BITS else ''}"]
    parts += [f"{version.model.dimension} dimensions"]
    if found:
        parts += [f"{found['number_of_shards']} shards with {found['number_of_replicas']} replicas", found["status"]]
    return ", ".join(parts)


def _plugins(server: Server, engine: str) -> Iterator[Diagnostic]:
    with _if_allowed():
        installed = {line["component"] for line in server.call("GET", "/_cat/plugins", format="json")}
        if KNN not in installed:
            yield Diagnostic(f"OpenSearch at {server} has no k-NN plugin ({KNN}).", "Install it on every node.")
    if engine == "lucene":
        return
    with _if_allowed():
        stats = server.call("GET", f"/_plugins/_knn/stats/{engine}_initialized,circuit_breaker_triggered")
        if not all(node.get(f"{engine}_initialized") for node in stats["nodes"].values()):
            # Whether the library is installed cannot be tested: a node without it exits on first use (k-NN#2643).
            what = f"The engine {engine} has not been used on every node of OpenSearch at {server} since its start."
            yield Diagnostic(what, "Make sure that the nodes have its native library, or set LOOKALIKE_ENGINE=lucene.")


def _disks(disks: list[dict[str, int]]) -> Iterator[Diagnostic]:
    fullest = max((1 - disk["available_in_bytes"] / disk["total_in_bytes"] for disk in disks), default=0.0)
    if fullest >= HIGH_WATERMARK:
        what = f"A disk of OpenSearch is {fullest:.0%} full; at 95 % OpenSearch stops accepting writes."
        yield Diagnostic(what, "Free disk space, or add a node.")


def _clock(skew_s: float | None) -> Iterator[Diagnostic]:
    if skew_s is not None and abs(skew_s) > MOST_SKEW_S:
        side = "ahead of" if skew_s > 0 else "behind"
        what = f"The clock of an OpenSearch node is {abs(skew_s):,.0f} s {side} this machine's."
        yield Diagnostic(what, "Synchronize both clocks (NTP).")


def _nodes(server: Server) -> list[dict[str, Any]]:
    wanted = "nodes.*.timestamp,nodes.*.fs.total"
    with _if_allowed():
        return list(server.call("GET", "/_nodes/stats/fs", filter_path=wanted).get("nodes", {}).values())
    return []


def _skew_s(nodes: list[dict[str, Any]]) -> float | None:
    """The largest skew of a node."""
    skews = [node["timestamp"] / 1000 - time.time() for node in nodes if "timestamp" in node]
    return max(skews, key=abs, default=None)


@contextmanager
def _if_allowed() -> Iterator[None]:
    try:
        yield
    except (AccessDenied, IndexConflict):
        return
