"""What a response of OpenSearch means: one table for whole requests and for the items of a bulk request."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from lookalike.errors import (
    AccessDenied,
    IndexConflict,
    IndexMissing,
    IndexUnavailable,
    LookalikeError,
    ShardsMissing,
)

#: The server is overloaded or away. 409 is a concurrent write of the same document.
TEMPORARY = frozenset({408, 409, 429})
#: A response with one of these concerns the whole index, so no single image must be rejected for it, and a retry does
#: not help. Each has its advice; the first that fits is given.
INDEX_WIDE = {
    "strict_dynamic_mapping_exception": "Its mapping was changed: use another index, or `lookalike reembed` it.",
    "no write index is defined": "Give the alias one write index.",
    # A vector collection of OpenSearch Serverless answers this to every document with an id.
    "Document ID is not supported": "Use a managed domain of Amazon OpenSearch Service.",
    "pipeline with id": "Create the ingest pipeline, or set index.default_pipeline and index.final_pipeline to null.",
    "processor_exception": "Mend the ingest pipeline, or set index.default_pipeline and index.final_pipeline to null.",
    "script_exception": "Mend the ingest pipeline, or set index.default_pipeline and index.final_pipeline to null.",
    "index_closed_exception": "Open the index: POST /INDEX/_open.",
    "routing_missing_exception": "Its mapping requires a routing: use another index.",
    "imension mismatch": "Its mapping is for vectors of another length: use another index, or `lookalike reembed` it.",
    "are allowed in data streams": "Its name belongs to a data stream: choose another index (--index).",
    "number of documents in the index cannot exceed": "Ingest into a new index with more shards (LOOKALIKE_SHARDS).",
}
#: What is wrong with one document only, however many have it: a text longer than Lucene stores.
OF_ONE_DOCUMENT = ("immense term",)
#: A tripped k-NN circuit breaker is a 400 as for a bad document (k-NN#1424), but it is released by itself. A disk over
#: the flood stage is a 403, until it is below the high watermark again.
TEMPORARY_SIGNS = (
    "circuit_breaker",
    "circuit breaker triggered",
    "cluster_block_exception",
    # Shards of a node that starts, and a scroll of one that has started again: all of them are a 404.
    "illegal_index_shard_state_exception",
    "index_shard_not_started_exception",
    "index_shard_recovering_exception",
    "shard_not_found_exception",
    "search_context_missing_exception",
    # Inside the responses to a search, they have no status.
    "no_shard_available_action_exception",
)
#: What a server says about an index with a shard that has not started, or is lost.
NO_SHARD = ("no_shard_available_action_exception", "unavailable_shards_exception", "all shards failed")
#: What a server without the k-NN plugin says about the mapping, its settings and a query.
NO_PLUGIN = ("type [knn_vector]", "unknown setting [index.knn]", "unknown query [knn]")
LONGEST_REASON = 300


class ResponseKind(Enum):
    """What a response means for the caller."""

    OK = auto()
    #: Send it again later.
    RETRY = auto()
    #: The document is invalid.
    REJECTED = auto()
    #: The credentials are wrong or lack a permission.
    DENIED = auto()
    #: The index does not exist.
    MISSING = auto()
    #: The index or the server is not as it should be.
    CONFLICT = auto()


def classify(status: int, error: Any = None) -> ResponseKind:
    """The kind of a response, from its HTTP status and the server's error object or text."""
    text = reason_of(status, error)
    if 200 <= status < 300:
        return ResponseKind.OK
    if any(sign in text for sign in TEMPORARY_SIGNS):
        return ResponseKind.RETRY
    if any(sign in text for sign in INDEX_WIDE):
        return ResponseKind.CONFLICT
    if status in TEMPORARY or status >= 500:
        return ResponseKind.RETRY
    if status in (401, 403):
        return ResponseKind.DENIED
    if status == 404 and "index_not_found_exception" in text:
        return ResponseKind.MISSING
    return ResponseKind.REJECTED if status == 400 else ResponseKind.CONFLICT


def is_whole(answer: Mapping[str, Any]) -> bool:
    """Whether all shards took part in the response to a search or a count. Shards that still start are neither
    successful nor failed: the others answer for the whole index."""
    shards = answer.get("_shards", {"successful": 0, "total": 1})
    return shards["successful"] >= shards["total"] and not answer.get("timed_out", False)


def what_is_missing(answer: Mapping[str, Any]) -> str:
    """How many shards took part in a response that is not whole, and why one of the others failed, if one did."""
    shards = answer.get("_shards", {})
    count = f"not every shard answered: {shards.get('successful', 0)} of {shards.get('total', 1)} did in time"
    failure = _first(shards.get("failures"))
    return f"{count}; {_innermost(failure.get('reason'))[:LONGEST_REASON]}" if failure else count


def error_for(kind: ResponseKind, address: str, name: str, why: str) -> LookalikeError:
    """The error to raise when a whole request gets a response of this kind; `name` is the index."""
    if kind is ResponseKind.RETRY:
        return (ShardsMissing if any(sign in why for sign in NO_SHARD) else IndexUnavailable)(address, why)
    if kind is ResponseKind.DENIED:
        return AccessDenied(
            f"OpenSearch at {address} rejected the credentials: {why}.",
            "Check the user and password in LOOKALIKE_INDEX_URL (or the client certificate, or the AWS credentials) "
            "and their permissions.",
        )
    if kind is ResponseKind.MISSING:
        return IndexMissing(
            f"Index {name} does not exist at {address}.",
            "Ingest images into it first, or choose another index (--index).",
        )
    if any(sign in why for sign in NO_PLUGIN):
        return IndexConflict(
            f"OpenSearch at {address} cannot store vectors: {why}.", "Install its k-NN plugin on every node."
        )
    advice = next(
        (advice for sign, advice in INDEX_WIDE.items() if sign in why), "Check its mapping and its templates."
    )
    return IndexConflict(
        f"OpenSearch at {address} rejected the request{f' for index {name}' if name else ''}: {why.rstrip('.')}.",
        f"{advice} Then run the same command again.",
    )


def reason_of(status: int, error: Any) -> str:
    """One short line: the status and the innermost cause. Outer causes quote whole vectors."""
    return f"{status} {_innermost(error)}".strip()[:LONGEST_REASON]


def _innermost(error: Any) -> str:
    cause = error
    while isinstance(cause, Mapping) and (inner := cause.get("caused_by") or _first(cause.get("root_cause"))):
        cause = inner
    text = f"{cause.get('type', '')}: {cause.get('reason', '')}" if isinstance(cause, Mapping) else cause or ""
    return " ".join(str(text).split())


def _first(causes: Any) -> Any:
    return causes[0] if causes else None
