"""Checks that a server is a supported OpenSearch and that an index in it accepts writes. Writes nothing.

A check passes if the user may not send its request, or if a gateway in front of the server answers.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from lookalike.errors import (
    AccessDenied,
    DiskFull,
    IndexConflict,
    IndexMissing,
    IndexUnavailable,
    UnsupportedService,
)
from lookalike.index.opensearch import address, server_version, vector_field
from lookalike.index.opensearch.aliases import STARTED_WITHIN_S, resolve
from lookalike.index.opensearch.server import Server
from lookalike.index.options import IndexOptions
from lookalike.records import Diagnostic

#: The first version whose k-NN queries take `method_parameters`, and with Lucene's quantization.
LEAST_VERSION = (2, 16)
#: OpenSearch's number of the block that it sets when a disk exceeds the flood stage.
FLOOD_BLOCK = "12"
#: Parts of the error that a web server of another kind causes.
SIGNS_OF_OTHERS = ("not json", "<html", "<!doctype")


@contextmanager
def connect(url: str, options: IndexOptions) -> Iterator[Server]:
    server = Server(address.parse(url, options), options)
    try:
        yield server
    finally:
        server.close()


def check_server(url: str, options: IndexOptions) -> None:
    """Raises UnsupportedService for a server that is not OpenSearch, and for an old version of it."""
    with connect(url, options) as server:
        check_version(server)


def check_writable(url: str, name: str, options: IndexOptions) -> list[Diagnostic]:
    """Warnings about an index, which may not exist yet; then the options must suit the server.

    Raises UnsupportedService, DiskFull, BadSetting."""
    with connect(url, options) as server:
        number = check_version(server)
        _check_options(server, name, options, number)
        blocks = _blocks(server)
        _check_cluster(server, blocks)
        found = _settled_health(server, name, options)
        return [warning for item in found.items() for warning in _check_index(server, blocks, *item)]


def check_version(server: Server) -> str:
    """The version of OpenSearch, empty if it is unknown. Raises UnsupportedService."""
    try:
        answer = server.call("GET", "/")
    except AccessDenied as error:
        if "401" in error.what:
            raise
        return ""
    except IndexConflict as error:
        if any(sign in error.what.lower() for sign in SIGNS_OF_OTHERS):
            raise _not_opensearch(server) from error
        return ""
    version = answer.get("version") if isinstance(answer, Mapping) else None
    if not isinstance(version, Mapping) or "number" not in version:
        raise _not_opensearch(server)
    number = str(version["number"])
    if version.get("distribution") != "opensearch":
        raise _not_opensearch(server, f"it is Elasticsearch {number}")
    if not _is_new_enough(number):
        raise _too_old(server, number)
    return number


def index_health(server: Server, name: str) -> dict[str, dict[str, Any]]:
    """The health of each version that `name` points to; empty if it does not exist or is unknown."""
    try:
        # No timeout, or the server would wait for a missing index. In the path, because the client has a parameter
        # of its own that is called `timeout`.
        answer = server.call("GET", f"/_cluster/health/{name}?level=indices&timeout=0s")
    except (AccessDenied, IndexConflict, IndexUnavailable):
        return {}
    return dict(answer.get("indices", {}))


def _settled_health(server: Server, name: str, options: IndexOptions) -> dict[str, dict[str, Any]]:
    """The health, after a wait for shards that may still start."""
    found = index_health(server, name)
    if any(health["status"] == "red" for health in found.values()):
        limit_s = min(options.retry_s, STARTED_WITHIN_S)
        with suppress(AccessDenied, IndexConflict, IndexUnavailable):
            server.call("GET", f"/_cluster/health/{name}?wait_for_status=yellow&timeout={limit_s * 1000:.0f}ms")
        found = index_health(server, name)
    return found


def _check_options(server: Server, name: str, options: IndexOptions, number: str) -> None:
    """Raises BadSetting if the index has to be created and this version of OpenSearch cannot do it."""
    try:
        resolve(server, name)
    except IndexMissing:
        if number:
            vector_field.check(options, server_version.parsed(number))
    except (AccessDenied, IndexConflict):
        return


def _blocks(server: Server) -> dict[str, Any]:
    try:
        return dict(server.call("GET", "/_cluster/state/blocks").get("blocks", {}))
    except (AccessDenied, IndexConflict):
        return {}


def _check_cluster(server: Server, blocks: Mapping[str, Any]) -> None:
    for block in _write_blocks(blocks.get("global", {})).values():
        if block.get("retryable"):
            raise IndexUnavailable(str(server), str(block["description"]))
        what = f"OpenSearch at {server} does not accept writes: {block['description']}."
        raise UnsupportedService(
            what, "Set cluster.blocks.read_only and cluster.blocks.read_only_allow_delete to null."
        )


def _check_index(
    server: Server, blocks: Mapping[str, Any], version: str, health: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    _check_blocks(server, _write_blocks(blocks.get("indices", {}).get(version, {})), version)
    shards = health["number_of_shards"]
    if health["status"] == "red":
        missing = shards - health["active_primary_shards"]
        what = f"Index {version} at {server} is red: {missing} of its {shards} primary shards are missing."
        raise UnsupportedService(what, "Start the node that holds them; GET /_cluster/allocation/explain tells why.")
    if unassigned := health["unassigned_shards"]:
        what = f"Index {version} is {health['status']}: {unassigned} replica shards are not assigned to a node."
        yield Diagnostic(what, "Add a node, or lower the index's number_of_replicas.")


def _check_blocks(server: Server, blocks: Mapping[str, Any], version: str) -> None:
    for number, block in blocks.items():
        what = f"Index {version} at {server} does not accept writes: {block['description']}."
        if number == FLOOD_BLOCK:
            advice = "Free disk space on the nodes of OpenSearch; below the high watermark it removes the block itself"
            raise DiskFull(what, f"{advice} (index.blocks.read_only_allow_delete).")
        raise UnsupportedService(what, f"Set index.blocks.write and index.blocks.read_only of {version} to null.")


def _write_blocks(blocks: Mapping[str, Any]) -> dict[str, Any]:
    return {number: block for number, block in blocks.items() if "write" in block.get("levels", ())}


def _not_opensearch(server: Server, what: str = "it is another kind of web server") -> UnsupportedService:
    return UnsupportedService(
        f"{server} answered, but it is not an OpenSearch server: {what}.", "Correct LOOKALIKE_INDEX_URL."
    )


def _too_old(server: Server, number: str) -> UnsupportedService:
    least = ".".join(map(str, LEAST_VERSION))
    return UnsupportedService(f"OpenSearch at {server} is {number}; lookalike needs {least} or later.", "Upgrade it.")


def _is_new_enough(number: str) -> bool:
    version = server_version.parsed(number)
    return version >= LEAST_VERSION or version[:1] == server_version.COMPATIBLE
