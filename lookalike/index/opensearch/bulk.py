"""The operations of a bulk request, and what a response says about each of them. Sends nothing."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import orjson

from lookalike.index.opensearch.layout import LATER, METADATA, NEW, Layout
from lookalike.index.opensearch.status import OF_ONE_DOCUMENT, ResponseKind, classify, reason_of
from lookalike.records import Document, Reason, Rejected, Vector

#: OpenSearch recommends 5 to 15 MB per request and rejects 100 MB.
REQUEST_SIZE_BYTES = 8 * 2**20
VECTOR = "image_embedding"
#: How a reason begins that is found here; status.py has its advice.
PIPELINE = "processor_exception: an ingest pipeline"
#: What differs between documents that are rejected for the same reason, besides their ids and uris.
_VALUE = re.compile(r"""\d+|"[^"]*"|'[^']*'""")
#: What every document has in every index; the metadata is where the index keeps it.
SOURCE_FIELDS = tuple(item.name for item in fields(Document) if item.name not in ("id", METADATA, *LATER))


@dataclass(frozen=True)
class Operation:
    """One operation of a bulk request, as one or two lines of JSON. `uri` is empty for a deletion.

    `is_conditional`: it concerns the document as it was read only.
    """

    id: str
    uri: str
    body: bytes
    is_conditional: bool = False


@dataclass
class BulkResult:
    """The result of one bulk request: documents that were rejected, ids of documents that others wrote first, and
    operations to retry because of `why`."""

    rejected: list[Rejected] = field(default_factory=list)
    overtaken: set[str] = field(default_factory=set)
    retry: list[Operation] = field(default_factory=list)
    why: str = ""


class BulkFailed(Exception):
    """An operation failed for a reason that concerns the whole index. `BulkWriter` translates it."""

    def __init__(self, kind: ResponseKind, why: str) -> None:
        super().__init__(kind, why)
        self.kind = kind
        self.why = why


def index_operation(
    document: Document, layout: Layout = NEW, *, after: tuple[int, int] | None = None, as_base64: bool = False
) -> Operation:
    """Store `document` under its id, in an index of this layout. `after` is the sequence number and the primary term
    of the document that it replaces, if that must be the one. `as_base64` sends the vector as `vector_text`."""
    condition = {} if after is None else {"if_seq_no": after[0], "if_primary_term": after[1]}
    action = orjson.dumps({"index": {"_id": document.id, **condition}})
    source = {name: getattr(document, name) for name in SOURCE_FIELDS}
    if document.metadata:
        source[layout.root] = dict(document.metadata)
    for name in LATER:
        if name in layout.later and (value := getattr(document, name)) not in ("", None):
            source[name] = value
    if as_base64:
        source[VECTOR] = vector_text(document.image_embedding)
    body = orjson.dumps(source, option=orjson.OPT_SERIALIZE_NUMPY)
    return Operation(document.id, document.uri, action + b"\n" + body + b"\n", after is not None)


def vector_text(vector: Vector) -> str:
    """A vector as base64 of little-endian float32, which k-NN reads since OpenSearch 3.8."""
    return b64encode(vector.astype("<f4").tobytes()).decode()


def read_vector(value: Any) -> Vector:
    """A vector as a source has it: the list or the text that was sent, or the list that the server makes of it."""
    import numpy as np  # not in the base installation

    if isinstance(value, str):
        return np.frombuffer(b64decode(value), "<f4").astype(np.float32)
    return np.asarray(value, dtype=np.float32)


def delete_operation(id: str) -> Operation:
    """Remove the document `id`."""
    return Operation(id, "", orjson.dumps({"delete": {"_id": id}}) + b"\n")


def discard_operation(id: str, sequence_number: int, primary_term: int) -> Operation:
    """Remove the document `id` if nobody has written it since it had this sequence number."""
    action = {"_id": id, "if_seq_no": sequence_number, "if_primary_term": primary_term}
    return Operation(id, "", orjson.dumps({"delete": action}) + b"\n", is_conditional=True)


def split(operations: Iterable[Operation], size_bytes: int = REQUEST_SIZE_BYTES) -> Iterator[list[Operation]]:
    """Groups of at most `size_bytes` of JSON, with at least one operation each."""
    group: list[Operation] = []
    filled = 0
    for operation in operations:
        if group and filled + len(operation.body) > size_bytes:
            yield group
            group, filled = [], 0
        group.append(operation)
        filled += len(operation.body)
    if group:
        yield group


def read_response(operations: Sequence[Operation], items: Sequence[Mapping[str, Any]]) -> BulkResult:
    """The result of `operations`, from the `items` of the response in the same order.

    Raises BulkFailed for what concerns the whole index, also if all documents are rejected for one reason.
    """
    result = BulkResult()
    for operation, item in zip(operations, items, strict=True):
        answer = next(iter(item.values()))
        status, error = int(answer["status"]), answer.get("error")
        kind = classify(status, error)
        if kind is ResponseKind.OK:
            _check_stored(operation, answer)
        elif not operation.uri and status == 404 and not error:
            continue
        elif operation.is_conditional and status == 409:
            result.overtaken.add(operation.id)
        elif kind is ResponseKind.RETRY:
            result.retry.append(operation)
            result.why = reason_of(status, error)
        elif kind is ResponseKind.REJECTED:
            result.rejected.append(Rejected(operation.uri, Reason.REFUSED, reason_of(status, error)))
        else:
            raise BulkFailed(kind, reason_of(status, error))
    if len(result.rejected) == len(operations) > 1 and (why := _common_reason(operations, result.rejected)):
        raise BulkFailed(ResponseKind.CONFLICT, why)
    return result


def _check_stored(operation: Operation, answer: Mapping[str, Any]) -> None:
    """A success without a document under the id is the work of an ingest pipeline, and would be counted as indexed."""
    if operation.uri and answer.get("result") == "noop":
        raise BulkFailed(ResponseKind.CONFLICT, f"{PIPELINE} drops documents")
    if answer.get("_id", operation.id) != operation.id:
        raise BulkFailed(ResponseKind.CONFLICT, f"{PIPELINE} changes the ids of documents")


def _common_reason(operations: Sequence[Operation], rejected: Sequence[Rejected]) -> str:
    """The reason if it is the same for all of them, apart from the values of each; "" if there are several."""
    different = {
        _VALUE.sub("", item.detail.replace(operation.id, "").replace(operation.uri, ""))
        for operation, item in zip(operations, rejected, strict=True)
    }
    why = rejected[0].detail
    return "" if len(different) > 1 or any(sign in why for sign in OF_ONE_DOCUMENT) else why
