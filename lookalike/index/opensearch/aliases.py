"""The versions of indexes in OpenSearch: numbered indexes, and the aliases that point to them."""

import time
from typing import Any, NamedTuple

from lookalike.errors import IndexConflict, ShardsMissing
from lookalike.index.base import IndexInfo
from lookalike.index.checks import index_of, is_version, number_of
from lookalike.index.opensearch import address, kept_map, mapping, server_version
from lookalike.index.opensearch.layout import Layout, layout_of
from lookalike.index.opensearch.server import Server
from lookalike.index.options import IndexOptions
from lookalike.metadata import Fields
from lookalike.records import ModelIdentity

#: The end of the alias that a version is written through; no index can have such a name.
WRITE_SUFFIX = "~writes"
#: A shard starts within seconds after its node has, or after its index is created.
STARTED_WITHIN_S = 5.0
LOOK_PAUSE_S = 0.1


class Version(NamedTuple):
    """One version of an index, and what a search and a write need to know about it."""

    name: str
    model: ModelIdentity
    engine: str
    #: Of a dimension of the vectors that a search compares first.
    bits: int
    layout: Layout


def resolve(server: Server, name: str) -> Version:
    """The version that an alias points to, or the version of that name.

    Raises IndexMissing, IndexConflict for an index that lookalike did not make.
    """
    found = server.call("GET", f"/{name}/_mapping", name=name)
    if len(found) != 1:
        raise IndexConflict(
            f"Alias {name} at {server} points to several indexes: {', '.join(sorted(found))}.",
            "Remove all but one from the alias.",
        )
    version, answer = next(iter(found.items()))
    model = mapping.model_of(answer["mappings"])
    if model is None or not is_version(version):
        raise IndexConflict(f"Index {name} at {server} was not made by lookalike.", "Choose another one (--index).")
    return Version(version, model, *mapping.engine_of(answer["mappings"]), layout_of(answer["mappings"]))


def next_version(server: Server, name: str) -> str:
    """The name of the next version to create."""
    taken = server.call("GET", f"/{name}-v*/_settings/index.uuid", name=name)
    numbers = [number for version in taken if (number := version.rpartition("-v")[2]).isdecimal()]
    return f"{name}-v{max(map(int, numbers), default=0) + 1}"


def create(
    server: Server, name: str, version: str, model: ModelIdentity, options: IndexOptions, *, fields: Fields | None
) -> bool:
    """Create a version. False if it exists. With `fields` of metadata it is one beside the current one; else the name
    points to it."""
    body = mapping.definition(model, options, server_version.read(server), fields or {})
    body["aliases"] = {name: {}} if fields is None else {}
    try:
        server.call("PUT", f"/{version}", body, name=name)
    except IndexConflict as error:
        if "resource_already_exists_exception" not in error.what:
            raise
        return False
    return True


def delete(server: Server, version: str, name: str) -> None:
    """Delete a version and its map. Raises IndexMissing, as for any request to an index that does not exist."""
    server.call("DELETE", f"/{version}", name=name)
    server.call("DELETE", f"/{kept_map.name_of(version)}", name=name, ignore_unavailable="true")


def write_alias_of(version: str) -> str:
    """The alias that a version is written through when it is not written through its index's name."""
    return f"{version}{WRITE_SUFFIX}"


def list_indexes(url: str, options: IndexOptions, pattern: str = "_all") -> list[IndexInfo]:
    """Every version of every index that lookalike made and that matches `pattern`, sorted by name and number.

    Raises ShardsMissing if no shard of one of them has started."""
    server = Server(address.parse(url, options), options)
    try:
        found, sizes = _found(server, pattern)
    finally:
        server.close()
    infos = [info for version, answer in found.items() for info in _infos(version, answer, sizes[version])]
    return sorted(infos, key=lambda info: (info.name, number_of(info.version)))


def _found(server: Server, pattern: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The versions and their sizes. A version has no size until a shard of it has started."""
    ends_at = time.monotonic() + STARTED_WITHIN_S
    while True:
        answer = server.call("GET", f"/{pattern}", filter_path="*.aliases,*.mappings._meta")
        found = {version: each for version, each in answer.items() if _is_ours(version, each)}
        filter_path = "indices.*.total.store,indices.*.primaries.docs"
        sizes = server.call("GET", f"/{pattern}/_stats/docs,store", filter_path=filter_path).get("indices", {})
        if not (starting := sorted(found.keys() - sizes.keys())):
            return found, sizes
        if time.monotonic() > ends_at:
            raise ShardsMissing(str(server), f"no shard of index {', '.join(starting)} has started")
        time.sleep(LOOK_PAUSE_S)


def _is_ours(version: str, answer: dict[str, Any]) -> bool:
    return is_version(version) and mapping.model_of(answer.get("mappings", {})) is not None


def _infos(version: str, answer: dict[str, Any], size: dict[str, Any]) -> list[IndexInfo]:
    """One for every name of this version."""
    model = mapping.model_of(answer["mappings"])
    assert model is not None
    documents, size_bytes = size["primaries"]["docs"]["count"], size["total"]["store"]["size_in_bytes"]
    aliases = [alias for alias in answer.get("aliases", ()) if not alias.endswith(WRITE_SUFFIX)]
    names = aliases or [index_of(version)]
    return [IndexInfo(name, version, model, documents, size_bytes, bool(aliases)) for name in names]
