"""Chunks and rejections as JSON: what comes back, and what is not taken for ours."""

import time

import pytest

from lookalike.errors import PermanentError
from lookalike.messages import (
    MAX_CHUNK_BYTES,
    MAX_DETAIL_CHARS,
    MAX_REFS,
    MessageInvalid,
    decode_chunk,
    decode_rejected,
    encode_chunk,
    encode_rejected,
)
from lookalike.records import Chunk, ImageRef, Reason, Rejected

REF = ImageRef("/pictures/a.jpg", "cat", {"n": "1"})
MALFORMED_REJECTIONS = [
    b"{broken",
    b"[]",
    b"null",
    b'{"uri": "/a", "detail": ""}',
    b'{"uri": "/a", "detail": "", "reason": "because"}',
    b'{"uri": "/a", "detail": 7, "reason": "corrupt"}',
    b'{"uri": 7, "detail": "", "reason": "corrupt"}',
    b'{"uri": "/a", "detail": "", "reason": ["corrupt"]}',
]


def test_the_largest_chunk_there_can_be_comes_back() -> None:
    # Every character of the longest path takes six in JSON, and its metadata look like references.
    refs = tuple(ImageRef(f"/{number:04d}" + "\x1b" * 4090, '{"uri"', {"uri": '{"'}) for number in range(MAX_REFS))
    chunk = Chunk("job/000000", "job", refs)
    assert decode_chunk(chunk.id, encode_chunk(chunk)) == chunk


def test_a_reference_longer_than_any_path_comes_back_to_be_rejected_on_its_own() -> None:
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
def test_a_chunk_that_is_not_ours_is_refused_and_named(payload: bytes) -> None:
    with pytest.raises(MessageInvalid, match="Chunk 'job/000000' is not ours") as caught:
        decode_chunk("job/000000", payload)
    # A job with such a chunk can never come to its end, so that it must be stopped: the class says so.
    assert isinstance(caught.value, PermanentError) and caught.value.advice


def test_a_million_references_are_refused_without_being_parsed() -> None:
    payload = b"[" + b",".join([b'{"uri":"/a"}'] * 1_000_000) + b"]"
    began = time.process_time()
    with pytest.raises(MessageInvalid, match="1 to 1024"):
        decode_chunk("job/000000", payload)
    assert time.process_time() - began < 0.1


def test_a_rejection_comes_back_with_its_reference() -> None:
    rejected = Rejected(REF.uri, Reason.CORRUPT, "PNG: broken")
    assert decode_rejected(encode_rejected(rejected, REF)) == (rejected, REF)


def test_a_detail_is_kept_short_and_writable_whatever_it_quotes() -> None:
    payload = encode_rejected(Rejected(REF.uri, Reason.CORRUPT, "\udcff" + "a" * 10_000), REF)
    rejected, _ = decode_rejected(payload)
    assert rejected.detail == "?" + "a" * (MAX_DETAIL_CHARS - 1)


@pytest.mark.parametrize("payload", MALFORMED_REJECTIONS, ids=lambda payload: payload[:50].decode())
def test_a_rejection_that_is_none_is_refused(payload: bytes) -> None:
    with pytest.raises(MessageInvalid, match="rejection that is none"):
        decode_rejected(payload)
