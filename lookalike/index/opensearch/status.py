"""The one status table: what an answer of OpenSearch means for us, for a whole request and for each of its items."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from lookalike.errors import AccessDenied, IndexConflict, IndexMissing, IndexUnavailable, LookalikeError

#: Pushed back or away. 409 is a write that met another one of the same document.
TEMPORARY = frozenset({408, 409, 429})
#: 400s that concern the whole index, so that rejecting image after image would be wrong; the last is how a vector
#: collection of OpenSearch Serverless takes every document that comes with an id.
INDEX_WIDE = ("strict_dynamic_mapping_exception", "no write index is defined", "Document ID is not supported")
#: A tripped k-NN circuit breaker is a 400 as for a bad document (k-NN#1424), yet it is released by itself;
#: a flood-stage disk is a 403 and lets go below the high watermark.
TEMPORARY_SIGNS = ("circuit_breaker", "circuit breaker triggered", "cluster_block_exception")
#: How a server without the k-NN plugin takes our mapping, its settings and our queries.
NO_PLUGIN = ("type [knn_vector]", "unknown setting [index.knn]", "unknown query [knn]")
LONGEST_REASON = 300


class Verdict(Enum):
    """What to do next."""

    DONE = auto()
    AGAIN = auto()
    REJECTED = auto()
    DENIED = auto()
    MISSING = auto()
    CONFLICT = auto()


def judge(status: int, error: Any = None) -> Verdict:
    """What `status` and the server's error object (or text) ask of us."""
    text = reason(status, error)
    if 200 <= status < 300:
        return Verdict.DONE
    if status in TEMPORARY or status >= 500 or any(sign in text for sign in TEMPORARY_SIGNS):
        return Verdict.AGAIN
    if status in (401, 403):
        return Verdict.DENIED
    if status == 404 and "index_not_found_exception" in text:
        return Verdict.MISSING
    if status == 400 and not any(sign in text for sign in INDEX_WIDE):
        return Verdict.REJECTED
    return Verdict.CONFLICT


def failure(verdict: Verdict, address: str, name: str, why: str) -> LookalikeError:
    """The error to raise when a whole request meets this verdict."""
    if verdict is Verdict.AGAIN:
        return IndexUnavailable(address, why)
    if verdict is Verdict.DENIED:
        return AccessDenied(
            f"OpenSearch at {address} turned us down: {why}.",
            "Check the user and password in LOOKALIKE_INDEX_URL (or the client certificate, or AWS's credentials), "
            "and what they may do.",
        )
    if verdict is Verdict.MISSING:
        return IndexMissing(
            f"There is no index {name} at {address}.", "Ingest into it first, or choose another (--index)."
        )
    if any(sign in why for sign in NO_PLUGIN):
        return IndexConflict(
            f"OpenSearch at {address} cannot hold vectors: {why}.", "Install its k-NN plugin on every node."
        )
    return IndexConflict(f"OpenSearch at {address} refuses: {why}.", "Check the index and LOOKALIKE_INDEX_URL.")


def reason(status: int, error: Any) -> str:
    """One short line: the status and the innermost cause, since outer ones quote whole vectors."""
    cause = error
    while isinstance(cause, Mapping) and (inner := cause.get("caused_by") or _first(cause.get("root_cause"))):
        cause = inner
    told = f"{cause.get('type', '')}: {cause.get('reason', '')}" if isinstance(cause, Mapping) else cause or ""
    return " ".join(f"{status} {told}".split())[:LONGEST_REASON]


def _first(causes: Any) -> Any:
    return causes[0] if causes else None
