"""Chunks and rejections as JSON and back: the only place that knows the format, so that it changes with the record."""

from typing import Any

import orjson

from lookalike.errors import LookalikeError
from lookalike.records import Chunk, ImageRef, Reason, Rejected

#: Longest chunk a worker takes: what is larger was not made by our producer.
MAX_REFS = 1024
#: PATH_MAX is 4096 bytes, percent-encoded at worst three times as long.
MAX_URI_CHARS = 16 * 1024


class MessageInvalid(LookalikeError):
    """What stands in the broker was not written by this program."""

    def __init__(self, what: str) -> None:
        super().__init__(what)


def encode_chunk(chunk: Chunk) -> bytes:
    return orjson.dumps([_plain(ref) for ref in chunk.refs])


def decode_chunk(chunk_id: str, payload: bytes) -> Chunk:
    """The chunk stored under `chunk_id` ("job/number"). Raises MessageInvalid."""
    try:
        refs = tuple(_reference(item) for item in orjson.loads(payload))
    except (ValueError, TypeError, KeyError) as error:
        raise MessageInvalid(f"Chunk {chunk_id!r} is not a list of references: {error}") from error
    if not 0 < len(refs) <= MAX_REFS:
        raise MessageInvalid(f"Chunk {chunk_id!r} holds {len(refs)} references; 1 to {MAX_REFS} are taken")
    return Chunk(id=chunk_id, job=chunk_id.rpartition("/")[0], refs=refs)


def encode_rejected(rejected: Rejected) -> bytes:
    return orjson.dumps({"uri": rejected.uri, "reason": rejected.reason, "detail": rejected.detail})


def decode_rejected(payload: bytes) -> Rejected:
    item = orjson.loads(payload)
    return Rejected(uri=item["uri"], reason=Reason(item["reason"]), detail=item["detail"])


def _plain(ref: ImageRef) -> dict[str, Any]:
    plain: dict[str, Any] = {"uri": ref.uri}
    if ref.label is not None:
        plain["label"] = ref.label
    if ref.metadata:
        plain["metadata"] = dict(ref.metadata)
    return plain


def _reference(item: Any) -> ImageRef:
    uri, label, metadata = item["uri"], item.get("label"), item.get("metadata", {})
    if not isinstance(uri, str) or not 0 < len(uri) <= MAX_URI_CHARS:
        raise ValueError("a uri is not a text of fitting length")
    if not isinstance(label, str | None):
        raise ValueError("a label is not a text")
    if not all(isinstance(text, str) for pair in metadata.items() for text in pair):
        raise ValueError("metadata is not text to text")
    return ImageRef(uri=uri, label=label, metadata=metadata)
