"""In what condition an OpenSearch is, and one of its indexes: what it answers, blocks and lacks; writes nothing.

Where our user may not ask, or a gateway answers for the server, nothing is known, and nothing is held against it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lookalike.errors import AccessDenied, DiskFull, IndexConflict, IndexUnavailable, UnsupportedService
from lookalike.index.base import IndexOptions
from lookalike.index.opensearch import address
from lookalike.index.opensearch.server import Server
from lookalike.records import Diagnostic

#: The first whose k-NN queries take `method_parameters`, and Lucene's quantization; flat objects are older (2.7).
LEAST_VERSION = (2, 16)
#: What a domain in compatibility mode calls itself, whatever it is.
COMPATIBLE = 7
#: OpenSearch's number of the block that a disk over its flood stage brings.
FLOOD_BLOCK = "12"
#: What other web servers answer, in our error's words.
SIGNS_OF_OTHERS = ("not json", "<html", "<!doctype")


def check_server(url: str, options: IndexOptions) -> None:
    """Raises UnsupportedService for what is no OpenSearch, or too old a one."""
    with opened(url, options) as server:
        greet(server)


def check_writable(url: str, name: str, options: IndexOptions) -> list[Diagnostic]:
    """What to look at, of an index that may still have to be made. Raises UnsupportedService, DiskFull."""
    with opened(url, options) as server:
        greet(server)
        blocks = _blocks(server)
        _check_cluster(server, blocks)
        return [concern for item in health(server, name).items() for concern in _check_index(server, blocks, *item)]


def greet(server: Server) -> str:
    """The version of the OpenSearch there, empty if it does not tell. Raises UnsupportedService."""
    try:
        answer = server.call("GET", "/")
    except AccessDenied as error:
        if "401" in error.what:
            raise
        return ""
    except IndexConflict as error:
        if any(sign in error.what.lower() for sign in SIGNS_OF_OTHERS):
            raise _no_opensearch(server, "a web server of another kind") from error
        return ""
    version = answer.get("version") if isinstance(answer, Mapping) else None
    if not isinstance(version, Mapping) or "number" not in version:
        raise _no_opensearch(server, "a web server of another kind")
    number = str(version["number"])
    if version.get("distribution") != "opensearch":
        raise _no_opensearch(server, f"Elasticsearch {number}")
    if not _is_new_enough(number):
        least = ".".join(map(str, LEAST_VERSION))
        raise UnsupportedService(
            f"OpenSearch at {server} is {number}; lookalike needs {least} or later.", "Upgrade it."
        )
    return number


def health(server: Server, name: str) -> dict[str, dict[str, Any]]:
    """By physical name what is told of the index that `name` stands for: none if there is none."""
    try:
        # An index that is not there would be waited for. In the path: the client takes a `timeout` for its own.
        answer = server.call("GET", f"/_cluster/health/{name}?level=indices&timeout=0s")
    except (AccessDenied, IndexConflict, IndexUnavailable):
        return {}
    return dict(answer.get("indices", {}))


def _blocks(server: Server) -> dict[str, Any]:
    try:
        return dict(server.call("GET", "/_cluster/state/blocks").get("blocks", {}))
    except (AccessDenied, IndexConflict):
        return {}


def _check_cluster(server: Server, blocks: Mapping[str, Any]) -> None:
    for block in _write_blocks(blocks.get("global", {})).values():
        if block.get("retryable"):
            raise IndexUnavailable(str(server), str(block["description"]))
        what = f"OpenSearch at {server} takes no writes: {block['description']}."
        raise UnsupportedService(
            what, "Set cluster.blocks.read_only and cluster.blocks.read_only_allow_delete to null."
        )


def _check_index(
    server: Server, blocks: Mapping[str, Any], physical: str, told: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    for number, block in _write_blocks(blocks.get("indices", {}).get(physical, {})).items():
        what = f"Index {physical} at {server} takes no writes: {block['description']}."
        if number == FLOOD_BLOCK:
            advice = "Free room on the disks of OpenSearch; below the high watermark it takes the block away by itself."
            raise DiskFull(what, f"{advice} (index.blocks.read_only_allow_delete)")
        raise UnsupportedService(what, f"Set index.blocks.write and index.blocks.read_only of {physical} to null.")
    if told["status"] == "red":
        away = told["number_of_shards"] - told["active_primary_shards"]
        what = f"Index {physical} at {server} is red: {away} of its {told['number_of_shards']} shards are away."
        raise UnsupportedService(what, "Start the node that holds them; GET /_cluster/allocation/explain tells why.")
    if told["unassigned_shards"]:
        what = f"Index {physical} is {told['status']}: {told['unassigned_shards']} of its replicas have no place."
        yield Diagnostic(what, "Add a node, or lower the index's number_of_replicas to what the nodes can hold.")


def _write_blocks(blocks: Mapping[str, Any]) -> dict[str, Any]:
    return {number: block for number, block in blocks.items() if "write" in block.get("levels", ())}


def _no_opensearch(server: Server, what: str) -> UnsupportedService:
    return UnsupportedService(f"What answers at {server} is no OpenSearch but {what}.", "Correct LOOKALIKE_INDEX_URL.")


def _is_new_enough(number: str) -> bool:
    parts = tuple(int(part) for part in number.partition("-")[0].split(".") if part.isdecimal())
    return parts >= LEAST_VERSION or parts[:1] == (COMPATIBLE,)


@contextmanager
def opened(url: str, options: IndexOptions) -> Iterator[Server]:
    server = Server(address.parse(url, options), options)
    try:
        yield server
    finally:
        server.close()
