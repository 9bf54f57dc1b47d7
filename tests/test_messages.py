"""References, chunks and rejections survive JSON, and malformed ones are rejected."""

import time

import orjson
import pytest

from lookalike.errors import PermanentError
from lookalike.messages import (
    MAX_CHUNK_BYTES,
    MAX_DETAIL_CHARS,
    MAX_REFS,
    MessageInvalid,
    decode_chunk,
    decode_reference,
    decode_rejection,
    encode_chunk,
    encode_reference,
    encode_rejection,
)
from lookalike.records import Basis, Chunk, FileTimes, ImageRef, Reason, Rejected, Rejection

REF = ImageRef("/images/a.jpg", "cat", {"n": "1"})
MALFORMED_REJECTIONS = [
    b"{broken",
    b"[]",
    b"null",
    b'{"uri": "/a", "detail": ""}',
    b'{"uri": "/a", "detail": "", "reason": "because"}',
    b'{"uri": "/a", "detail": 7, "reason": "corrupt"}',
    b'{"uri": 7, "detail": "", "reason": "corrupt"}',
    b'{"uri": "/a", "detail": "", "reason": ["corrupt"]}',
    b'{"uri": "/a", "detail": "", "reason": "corrupt", "basis": 7}',
    b'{"uri": "/a", "detail": "", "reason": "corrupt", "basis": [[1, 2], "", "", 0]}',
]


@pytest.mark.parametrize("ref", [REF, ImageRef("/images/b.jpg"), ImageRef("/images/line\nbreak.jpg", "", etag="e")])
def test_a_reference_survives_json_on_one_line(ref: ImageRef) -> None:
    encoded = encode_reference(ref)
    assert b"\n" not in encoded and decode_reference(encoded) == ref
    assert decode_reference(encoded).etag == ref.etag


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"uri": 7}', b'{"uri": "/a", "label": 7}', b'{"uri": "/a", "etag": 7}']
)
def test_a_malformed_reference_is_rejected(payload: bytes) -> None:
    with pytest.raises(MessageInvalid, match="reference is malformed"):
        decode_reference(payload)


def test_the_largest_chunk_survives_json() -> None:
    # Every character of the longest path takes six in JSON, and its metadata look like references.
    refs = tuple(ImageRef(f"/{number:04d}" + "\x1b" * 4090, '{"uri"', {"uri": '{"'}) for number in range(MAX_REFS))
    chunk = Chunk("job/000000", "job", refs)
    assert decode_chunk(chunk.id, encode_chunk(chunk)) == chunk


def test_a_reference_longer_than_any_path_survives_json_and_is_rejected_later_on_its_own() -> None:
    chunk = Chunk("job/000000", "job", (ImageRef("/" + "a" * 1_000_000),))
    assert decode_chunk(chunk.id, encode_chunk(chunk)) == chunk


@pytest.mark.parametrize(
    "payload",
    [
        b'[{"uri": "/a", "metadata": null}]',
        b'[{"uri": "/a", "metadata": ["a"]}]',
        b'[["uri"]]',
        b'{"uri": "/a"}',
        b'"text"',
        b"[" * 100_000,
        b'[{"uri": "/a"}' + b',{"uri": "/a"}' * MAX_REFS + b"]",
        b"0" * (MAX_CHUNK_BYTES + 1),
    ],
    ids=lambda payload: payload[:30].decode(),
)
def test_a_foreign_chunk_is_rejected_and_named(payload: bytes) -> None:
    with pytest.raises(MessageInvalid, match="Chunk 'job/000000' was not written by lookalike") as caught:
        decode_chunk("job/000000", payload)
    # A job with such a chunk can never finish and must be stopped; the class says so.
    assert isinstance(caught.value, PermanentError) and caught.value.advice


def test_a_million_references_are_rejected_before_parsing() -> None:
    payload = b"[" + b",".join([b'{"uri":"/a"}'] * 1_000_000) + b"]"
    began = time.process_time()
    with pytest.raises(MessageInvalid, match="1 to 1024"):
        decode_chunk("job/000000", payload)
    assert time.process_time() - began < 0.1


def test_a_rejection_survives_json_with_its_reference() -> None:
    plain = Rejection(Rejected(REF.uri, Reason.CORRUPT, "PNG: broken"), REF)
    kept = Rejection(Rejected(REF.uri, Reason.TIMEOUT, kept=True), REF, Basis("1-2-3", "", "0.1.0 240"))
    read = Rejection(Rejected(REF.uri, Reason.CORRUPT), REF, Basis("", "ab" * 32, "0.1.0", 7))
    for rejection in (plain, kept, read):
        assert decode_rejection(encode_rejection(rejection)) == rejection
    assert decode_rejection(encode_rejection(read)).basis.judged_at_ms == 7


@pytest.mark.parametrize(("written", "etag"), [([1, 2, 3], FileTimes(1, 2, 3).etag), (None, "")])
def test_a_record_of_an_earlier_release_keeps_its_basis(written: object, etag: str) -> None:
    plain = {"uri": "/a", "detail": "", "reason": "corrupt", "basis": [written, "ab", "0.1.0", 7]}
    assert decode_rejection(orjson.dumps(plain)).basis == Basis(etag, "ab", "0.1.0", 7)


def test_the_etag_of_a_listing_is_not_recorded_for_a_retry() -> None:
    listed = Rejection(Rejected("s3://b/a.jpg", Reason.CORRUPT), ImageRef("s3://b/a.jpg", etag="e"), Basis("e"))
    assert decode_rejection(encode_rejection(listed)).ref.etag == ""


def test_a_long_detail_is_cut_and_made_valid_utf_8() -> None:
    payload = encode_rejection(Rejection(Rejected(REF.uri, Reason.CORRUPT, "\udcff" + "a" * 10_000), REF))
    assert decode_rejection(payload).rejected.detail == "?" + "a" * (MAX_DETAIL_CHARS - 1)


@pytest.mark.parametrize("payload", MALFORMED_REJECTIONS, ids=lambda payload: payload[:50].decode())
def test_a_malformed_rejection_is_rejected(payload: bytes) -> None:
    with pytest.raises(MessageInvalid, match="malformed rejection"):
        decode_rejection(payload)
