"""What a bulk request says, and which of its operations are left to do, with no knowledge of a client."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import orjson

from lookalike.index.opensearch.status import Verdict, judge, reason
from lookalike.records import Document, Reason, Rejected

#: OpenSearch advises 5 to 15 MB a request and refuses 100 MB.
REQUEST_SIZE_BYTES = 8 * 2**20
SOURCE_FIELDS = tuple(item.name for item in fields(Document) if item.name != "id")


@dataclass(frozen=True)
class Operation:
    """One line or two of a bulk request. `uri` is empty for a deletion."""

    id: str
    uri: str
    body: bytes


@dataclass
class Tally:
    """What one bulk request came to. `again` is left to do, because of `why`."""

    rejected: list[Rejected] = field(default_factory=list)
    again: list[Operation] = field(default_factory=list)
    why: str = ""


class Fatal(Exception):
    """An operation failed in a way that every other one would; only `tally` raises it, and its caller translates."""

    def __init__(self, verdict: Verdict, why: str) -> None:
        super().__init__(verdict, why)
        self.verdict = verdict
        self.why = why


def indexing(document: Document) -> Operation:
    """Store `document` under its id."""
    action = orjson.dumps({"index": {"_id": document.id}})
    source = {name: getattr(document, name) for name in SOURCE_FIELDS} | {"metadata": dict(document.metadata)}
    body = orjson.dumps(source, option=orjson.OPT_SERIALIZE_NUMPY)
    return Operation(document.id, document.uri, action + b"\n" + body + b"\n")


def deletion(id: str) -> Operation:
    """Remove the document `id`."""
    return Operation(id, "", orjson.dumps({"delete": {"_id": id}}) + b"\n")


def cut(operations: Iterable[Operation], size_bytes: int = REQUEST_SIZE_BYTES) -> Iterator[list[Operation]]:
    """Pieces of at most `size_bytes`, but never less than one operation."""
    piece: list[Operation] = []
    filled = 0
    for operation in operations:
        if piece and filled + len(operation.body) > size_bytes:
            yield piece
            piece, filled = [], 0
        piece.append(operation)
        filled += len(operation.body)
    if piece:
        yield piece


def tally(operations: Sequence[Operation], items: Sequence[Mapping[str, Any]]) -> Tally:
    """What became of each operation. Raises Fatal."""
    result = Tally()
    for operation, item in zip(operations, items, strict=True):
        answer = next(iter(item.values()))
        status, error = int(answer["status"]), answer.get("error")
        verdict = judge(status, error)
        if verdict is Verdict.DONE or (not operation.uri and status == 404 and not error):
            continue
        if verdict is Verdict.AGAIN:
            result.again.append(operation)
            result.why = reason(status, error)
        elif verdict is Verdict.REJECTED:
            result.rejected.append(Rejected(operation.uri, Reason.REFUSED, reason(status, error)))
        else:
            raise Fatal(verdict, reason(status, error))
    return result
