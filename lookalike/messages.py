"""Chunks and rejections as JSON and back: the only place that knows the format, so that it changes with the record."""

from typing import Any

import orjson

from lookalike.errors import PermanentError
from lookalike.records import Chunk, ImageRef, Reason, Rejected

#: Longest chunk a worker takes: what is larger was not made by our producer.
MAX_REFS = 1024
#: Largest chunk a worker parses. PATH_MAX is 4096 bytes, and JSON writes a control character with six.
MAX_CHUNK_BYTES = MAX_REFS * 32 * 1024
#: A decoder may quote its input; a reason is to be read.
MAX_DETAIL_CHARS = 500
#: How JSON begins an object with keys; inside a text the quote would be escaped.
_OBJECT = b'{"'
_ADVICE = "Find out who else writes to the broker, then run the same ingest again."


class MessageInvalid(PermanentError):
    """What stands in the broker was not written by this program: the job cannot be brought to its end."""


def encode_chunk(chunk: Chunk) -> bytes:
    return orjson.dumps([_plain(ref) for ref in chunk.refs])


def decode_chunk(chunk_id: str, payload: bytes) -> Chunk:
    """The chunk stored under `chunk_id` ("job/number"). Raises MessageInvalid."""
    # Looked at before it is parsed: as objects a million references take 300 MB. Each may have one inner object.
    if len(payload) > MAX_CHUNK_BYTES or payload.count(_OBJECT) > 2 * MAX_REFS:
        raise _invalid(chunk_id, f"{len(payload):,} bytes of references; 1 to {MAX_REFS} are taken")
    try:
        refs = tuple(_reference(item) for item in _listed(orjson.loads(payload)))
    except (ValueError, TypeError, KeyError) as error:
        raise _invalid(chunk_id, f"no list of references: {error}") from error
    if not 0 < len(refs) <= MAX_REFS:
        raise _invalid(chunk_id, f"{len(refs)} references; 1 to {MAX_REFS} are taken")
    return Chunk(id=chunk_id, job=chunk_id.rpartition("/")[0], refs=refs)


def encode_rejected(rejected: Rejected, ref: ImageRef) -> bytes:
    """With the reference, so that the image can be tried again as it was found."""
    # A lone surrogate, from the name of a root that is not UTF-8, has no place in JSON.
    detail = rejected.detail[:MAX_DETAIL_CHARS].encode("utf-8", "replace").decode()
    return orjson.dumps(_plain(ref) | {"reason": rejected.reason, "detail": detail})


def decode_rejected(payload: bytes) -> tuple[Rejected, ImageRef]:
    """Raises MessageInvalid."""
    try:
        item = orjson.loads(payload)
        ref, detail = _reference(item), _text(item["detail"], "a detail")
        return Rejected(uri=ref.uri, reason=Reason(item["reason"]), detail=detail), ref
    except (ValueError, TypeError, KeyError) as error:
        raise MessageInvalid(f"The ledger holds a rejection that is none: {error}.", _ADVICE) from error


def _plain(ref: ImageRef) -> dict[str, Any]:
    plain: dict[str, Any] = {"uri": ref.uri}
    if ref.label is not None:
        plain["label"] = ref.label
    if ref.metadata:
        plain["metadata"] = dict(ref.metadata)
    return plain


def _reference(item: Any) -> ImageRef:
    if not isinstance(item, dict):
        raise TypeError("a reference is not an object")
    label, metadata = item.get("label"), item.get("metadata", {})
    if not isinstance(metadata, dict):
        raise TypeError("metadata is not an object")
    return ImageRef(
        uri=_text(item["uri"], "a uri"),
        label=None if label is None else _text(label, "a label"),
        metadata={key: _text(value, "a value of metadata") for key, value in metadata.items()},
    )


def _listed(items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise TypeError("it is not a list")
    return items


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is not a text")
    return value


def _invalid(chunk_id: str, what: str) -> MessageInvalid:
    return MessageInvalid(f"Chunk {chunk_id!r} is not ours: {what}.", _ADVICE)
