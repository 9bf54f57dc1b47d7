"""References, chunks and rejections as JSON and back: the only module that knows this format."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson

from lookalike.errors import PermanentError
from lookalike.records import Basis, Chunk, FileTimes, ImageRef, MetadataValue, Reason, Rejected, Rejection, Span, Wait

#: A worker accepts no larger chunk: the producer makes none.
MAX_REFS = 1024
#: A worker parses no more bytes. PATH_MAX is 4096 bytes, and JSON writes a control character with six.
MAX_CHUNK_BYTES = MAX_REFS * 32 * 1024
#: A decoder may quote its input, and a person reads the detail.
MAX_DETAIL_CHARS = 500
#: The start of a JSON object that has keys; inside a string the quote would be escaped.
_OBJECT = b'{"'
_ADVICE = "Find out who else writes to the broker, then run the same ingest again."


class MessageInvalid(PermanentError):
    """The broker holds data that this program did not write, so the job cannot be completed."""


def encode_reference(ref: ImageRef) -> bytes:
    """One reference as a JSON object on one line, without a newline."""
    return orjson.dumps(_plain(ref))


def decode_reference(payload: bytes) -> ImageRef:
    """The reverse of `encode_reference`. Raises MessageInvalid."""
    try:
        return _reference(orjson.loads(payload))
    except (ValueError, TypeError, KeyError) as error:
        raise MessageInvalid(f"A reference is malformed: {error}.", _ADVICE) from error


def encode_chunk(chunk: Chunk) -> bytes:
    """The references of a chunk as a JSON list; its id is the key in the ledger."""
    return encode_references(chunk.refs)


def encode_references(refs: Iterable[ImageRef]) -> bytes:
    """References as a JSON list, for a chunk that has no id yet."""
    return orjson.dumps([_plain(ref) for ref in refs])


def encode_wait(wait: Wait, images: int) -> bytes:
    """Why so many images wait for their host."""
    told = (wait.host, wait.why[:MAX_DETAIL_CHARS], wait.first_at, wait.since, wait.tries)
    return orjson.dumps([*told, images, wait.counted_from])


def decode_wait(payload: bytes | None) -> Wait | None:
    """The reverse of `encode_wait`, without the number of images. A malformed one counts as none: then the images wait
    from now on."""
    found = decode_waiting(payload)
    return found[0] if found else None


def decode_waiting(payload: bytes | None) -> tuple[Wait, int] | None:
    """The reverse of `encode_wait`; None for a malformed one."""
    try:
        # An earlier release wrote no `counted_from`.
        host, why, first_at, since, tries, images, *more = _listed(orjson.loads(payload or b"null"))
        counted_from = float(more[0]) if more else 0.0
        wait = Wait(_text(host, "host"), _text(why, "why"), float(first_at), float(since), int(tries), counted_from)
        return wait, int(images)
    except (ValueError, TypeError):
        return None


def decode_chunk(chunk_id: str, payload: bytes) -> Chunk:
    """The chunk stored under `chunk_id` ("job/number"). Raises MessageInvalid."""
    # Checked before parsing: a million references take 300 MB as objects. Each may have one inner object.
    if len(payload) > MAX_CHUNK_BYTES or payload.count(_OBJECT) > 2 * MAX_REFS:
        raise _invalid(chunk_id, f"{len(payload):,} bytes of references; a chunk has 1 to {MAX_REFS} references")
    try:
        refs = tuple(_reference(item) for item in _listed(orjson.loads(payload)))
    except (ValueError, TypeError, KeyError) as error:
        raise _invalid(chunk_id, f"not a list of references: {error}") from error
    if not 0 < len(refs) <= MAX_REFS:
        raise _invalid(chunk_id, f"{len(refs)} references; a chunk has 1 to {MAX_REFS} references")
    return Chunk(id=chunk_id, job=chunk_id.rpartition("/")[0], refs=refs)


def encode_rejection(rejection: Rejection) -> bytes:
    """A rejection with its reference, so that the image can be ingested again as it was found."""
    rejected, basis = rejection.rejected, rejection.basis
    # JSON cannot hold a lone surrogate, which a root whose name is not UTF-8 puts into the detail.
    detail = rejected.detail[:MAX_DETAIL_CHARS].encode("utf-8", "replace").decode()
    # Without the etag of the listing, which is old when the image is tried again.
    plain = _plain(replace(rejection.ref, etag="")) | {"reason": rejected.reason, "detail": detail}
    if rejected.kept:
        plain["kept"] = True
    if basis != Basis():
        plain["basis"] = [basis.etag, basis.content_sha256, basis.rules, basis.judged_at_ms]
    return orjson.dumps(plain)


def decode_rejection(payload: bytes) -> Rejection:
    """The reverse of `encode_rejection`. Raises MessageInvalid."""
    try:
        item = orjson.loads(payload)
        ref, detail, reason = _reference(item), _text(item["detail"], "detail"), Reason(item["reason"])
        rejected = Rejected(ref.uri, reason, detail, kept=item.get("kept") is True)
        return Rejection(rejected, ref, _basis(item.get("basis")))
    except (ValueError, TypeError, KeyError) as error:
        raise MessageInvalid(f"The ledger holds a malformed rejection record: {error}.", _ADVICE) from error


def _basis(item: Any) -> Basis:
    if item is None:
        return Basis()
    etag, content_sha256, rules, judged_at_ms = _listed(item)
    return Basis(_etag(etag), _text(content_sha256, "content_sha256"), _text(rules, "rules"), int(judged_at_ms))


def _etag(value: Any) -> str:
    """Earlier releases wrote size and times of a file as a list, or null."""
    if value is None or isinstance(value, str):
        return value or ""
    return FileTimes(*(int(part) for part in _listed(value))).etag


def _plain(ref: ImageRef) -> dict[str, Any]:
    plain: dict[str, Any] = {"uri": ref.uri}
    if ref.label is not None:
        plain["label"] = ref.label
    if ref.metadata:
        plain["metadata"] = dict(ref.metadata)
    if ref.span:
        plain["span"] = [ref.span.start, ref.span.length]
    if ref.etag:
        plain["etag"] = ref.etag
    if ref.keeps_metadata:
        plain["keeps_metadata"] = True
    return plain


def _reference(item: Any) -> ImageRef:
    if not isinstance(item, dict):
        raise TypeError("a reference is not an object")
    label, metadata = item.get("label"), item.get("metadata", {})
    if not isinstance(metadata, dict):
        raise TypeError("metadata is not an object")
    return ImageRef(
        uri=_text(item["uri"], "uri"),
        label=None if label is None else _text(label, "label"),
        metadata={key: _value(value, key) for key, value in metadata.items()},
        span=_span(item.get("span")),
        etag=_text(item.get("etag", ""), "etag"),
        keeps_metadata=item.get("keeps_metadata") is True,
    )


def _value(value: Any, key: str) -> MetadataValue:
    if isinstance(value, list) and len({type(part) for part in value}) <= 1:
        return [_scalar(part, key) for part in value]  # type: ignore[return-value]
    return _scalar(value, key)


def _scalar(value: Any, key: str) -> str | int | float | bool:
    if isinstance(value, str | int | float):
        return value
    raise TypeError(f"metadata {key!r} is no text, number or truth value, nor a list of one of these")


def _span(item: Any) -> Span | None:
    if item is None:
        return None
    start, length = _listed(item)
    if not (isinstance(start, int) and isinstance(length, int) and start >= 0 and length > 0):
        raise TypeError("a span is not a start and a length")
    return Span(start, length)


def _listed(items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise TypeError("the JSON is not a list")
    return items


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a string")
    return value


def _invalid(chunk_id: str, why: str) -> MessageInvalid:
    return MessageInvalid(f"Chunk {chunk_id!r} was not written by lookalike: {why}.", _ADVICE)
