"""The version of an OpenSearch server, and the first version that can do each thing."""

from typing import Any

from lookalike.errors import AccessDenied, IndexConflict
from lookalike.index.opensearch.server import Server

#: Quantizes to one bit by an encoder, takes `bits`, and has the method `flat`.
BITS_SINCE = (3, 6)
#: Reads vectors as base64 (k-NN#3350).
BASE64_SINCE = (3, 8)
#: Knows `index.knn.advanced.approximate_threshold`, by engine (k-NN#2188, k-NN#3451).
THRESHOLD_SINCE = {"faiss": (2, 18), "lucene": (3, 9)}
#: The first version without nmslib.
NO_NMSLIB_SINCE = (3,)
#: An AWS domain in compatibility mode reports 7.10, whatever its true version is.
COMPATIBLE = (7,)

#: The parts of its number: (3, 6, 0); empty if it is unknown.
Number = tuple[int, ...]


def read(server: Server) -> Number:
    """Empty if the user may not read it, or a gateway answers in its place."""
    try:
        answer = server.call("GET", "/")
    except (AccessDenied, IndexConflict):
        return ()
    return parsed(str(_number(answer)))


def parsed(number: str) -> Number:
    return tuple(int(part) for part in number.partition("-")[0].split(".") if part.isdecimal())


def has(version: Number, since: Number) -> bool:
    """Whether this version certainly can do what is there since another one."""
    return since <= version < COMPATIBLE


def shown(version: Number) -> str:
    return ".".join(map(str, version)) or "of unknown version"


def _number(answer: Any) -> Any:
    version = answer.get("version") if isinstance(answer, dict) else None
    return version.get("number", "") if isinstance(version, dict) else ""
