"""The map of a version: a small index beside it, whose documents hold the map in parts.

One document says how many parts there are, and of which map. It is written when they are, so that a reader finds the
former map or the whole new one.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

from lookalike.errors import IndexConflict, IndexMissing
from lookalike.index.opensearch import multi_get
from lookalike.index.opensearch.server import Server

#: The end of the name of that index; no index of ours can have such a name.
SUFFIX = "~map"
#: In base64 half as much again; a server takes 100 MB in one request.
PART_BYTES = 4 * 2**20
HEAD = "map"
#: Only read by id. One copy of it on every cluster with more than one node.
DEFINITION = {
    "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
    "mappings": {"enabled": False},
}


def name_of(version: str) -> str:
    return f"{version}{SUFFIX}"


def write(server: Server, version: str, name: str, data: bytes) -> None:
    """Replace the map of a version. Raises the errors of `Index`."""
    former = _head(server, version, name)
    _create(server, version, name)
    new = hashlib.sha256(data).hexdigest()[:32]
    starts = range(0, len(data), PART_BYTES)
    for id, start in zip(_parts(new, len(starts)), starts, strict=True):
        part = b64encode(data[start : start + PART_BYTES]).decode()
        server.call("PUT", f"/{name_of(version)}/_doc/{id}", {"data": part}, name=name)
    head = {"tag": new, "parts": len(starts)}
    server.call("PUT", f"/{name_of(version)}/_doc/{HEAD}", head, name=name)
    if former is not None and former["tag"] != new:
        lines = [b'{"delete":{"_id":"%s"}}\n' % id.encode() for id in _parts(former["tag"], former["parts"])]
        server.call("POST", f"/{name_of(version)}/_bulk", b"".join(lines), name=name)


def read(server: Server, version: str, name: str) -> bytes | None:
    """The map; None without one. Raises the errors of `Index`."""
    head = _head(server, version, name)
    if head is None:
        return None
    data = b"".join(
        b64decode(source["data"])
        for id in _parts(head["tag"], head["parts"])
        for source in _found(server, version, name, id)
    )
    # Another map may have replaced it meanwhile, and its parts are gone.
    return data if hashlib.sha256(data).hexdigest()[:32] == head["tag"] else None


def tag(server: Server, version: str, name: str) -> str | None:
    """What names the map; None without one. Raises the errors of `Index`."""
    head = _head(server, version, name)
    return None if head is None else str(head["tag"])


def _head(server: Server, version: str, name: str) -> dict[str, Any] | None:
    try:
        return next(_found(server, version, name, HEAD), None)
    except IndexMissing:
        return None


def _found(server: Server, version: str, name: str, id: str) -> Iterator[dict[str, Any]]:
    return (item["_source"] for item in multi_get.found(server, name_of(version), name, [id]))


def _parts(tag: str, count: int) -> list[str]:
    """The ids of the documents with the parts of a map."""
    return [f"{tag}-{number}" for number in range(count)]


def _create(server: Server, version: str, name: str) -> None:
    try:
        server.call("PUT", f"/{name_of(version)}", DEFINITION, name=name)
    except IndexConflict as error:
        if "resource_already_exists_exception" not in error.what:
            raise
