"""The numbered indexes of an OpenSearch, and the aliases before them; knows no document."""

from typing import NamedTuple

from lookalike.errors import IndexConflict
from lookalike.index.base import IndexInfo, IndexOptions
from lookalike.index.checks import index_of, is_version, number_of
from lookalike.index.opensearch import address, mapping
from lookalike.index.opensearch.server import Server
from lookalike.records import ModelIdentity

#: Ends the alias that a version is written through; no index can bear such a name.
WRITES = "~writes"


class Version(NamedTuple):
    """One numbered index, and what searching it needs to know of it."""

    physical: str
    model: ModelIdentity
    engine: str
    is_quantized: bool


def described(server: Server, name: str) -> Version:
    """The version that an alias points to, or the one of that name.

    Raises IndexMissing, IndexConflict for what is not ours.
    """
    behind = server.call("GET", f"/{name}/_mapping", name=name)
    if len(behind) != 1:
        raise IndexConflict(f"Alias {name} at {server} points to several indexes: {', '.join(sorted(behind))}.")
    physical, answer = next(iter(behind.items()))
    model = mapping.described(answer["mappings"])
    if model is None or not is_version(physical):
        raise IndexConflict(f"Index {name} at {server} was not made by lookalike.", "Choose another (--index).")
    return Version(physical, model, *mapping.engine_of(answer["mappings"]))


def next_physical(server: Server, name: str) -> str:
    """The name of the next version."""
    taken = server.call("GET", f"/{name}-v*/_settings/index.uuid", name=name)
    numbers = [number for physical in taken if (number := physical.rpartition("-v")[2]).isdecimal()]
    return f"{name}-v{max(map(int, numbers), default=0) + 1}"


def create(
    server: Server, name: str, physical: str, model: ModelIdentity, options: IndexOptions, *, is_current: bool = True
) -> bool:
    """Create a version, with the name pointing to it or not. False if another creator was faster."""
    body = mapping.definition(model, options, _version(server)) | {"aliases": {name: {}} if is_current else {}}
    try:
        server.call("PUT", f"/{physical}", body, name=name)
    except IndexConflict as error:
        if "resource_already_exists_exception" not in error.what:
            raise
        return False
    return True


def writes_of(physical: str) -> str:
    """The alias that a version is written through, unless by its index's name."""
    return f"{physical}{WRITES}"


def list_indexes(url: str, options: IndexOptions, which: str = "_all") -> list[IndexInfo]:
    """Every version of every index of ours whose name is like `which`, by name and age."""
    server = Server(address.parse(url, options), options)
    try:
        behind = server.call("GET", f"/{which}", filter_path="*.aliases,*.mappings._meta")
        sizes = server.call(
            "GET", f"/{which}/_stats/docs,store", filter_path="indices.*.total.store,indices.*.primaries.docs"
        )
    finally:
        server.close()
    rows = []
    for physical, answer in behind.items():
        model = mapping.described(answer.get("mappings", {}))
        size = sizes.get("indices", {}).get(physical)
        if model and size and is_version(physical):
            documents, size_bytes = size["primaries"]["docs"]["count"], size["total"]["store"]["size_in_bytes"]
            aliases = [alias for alias in answer.get("aliases", ()) if not alias.endswith(WRITES)]
            names = aliases or [index_of(physical)]
            rows += [IndexInfo(name, physical, model, documents, size_bytes, bool(aliases)) for name in names]
    return sorted(rows, key=lambda row: (row.name, number_of(row.physical)))


def _version(server: Server) -> tuple[int, ...]:
    """Of OpenSearch itself: (3, 6, 0)."""
    number = str(server.call("GET", "/")["version"]["number"])
    return tuple(int(part) for part in number.partition("-")[0].split(".") if part.isdecimal())
