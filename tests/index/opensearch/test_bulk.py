"""The operations and responses of bulk requests, without a server."""

import base64
import struct
from typing import Any

import numpy as np
import orjson
import pytest

from lookalike.index.opensearch import bulk
from lookalike.index.opensearch.status import ResponseKind
from lookalike.records import Reason
from tests.index.documents import DIMENSION, document, documents

BREAKER = {
    "type": "mapper_parsing_exception",
    "reason": "failed to parse field [image_embedding]",
    "caused_by": {"type": "illegal_argument_exception", "reason": "has failed as the circuit breaker triggered"},
}


def test_operations_are_split_by_bytes_and_none_is_lost() -> None:
    operations = [bulk.index_operation(each) for each in documents(10)]
    size_bytes = len(operations[0].body) * 3 + 20
    groups = list(bulk.split(operations, size_bytes))
    assert [operation for group in groups for operation in group] == operations
    assert all(sum(len(operation.body) for operation in group) <= size_bytes for group in groups)
    assert len(groups) == 4


def test_the_largest_chunk_of_the_widest_vectors_goes_in_requests_of_5_to_15_mb() -> None:
    vectors = np.random.default_rng(0).normal(size=(1024, 2048)).astype(np.float32)
    operations = (bulk.index_operation(document(str(i), vector)) for i, vector in enumerate(vectors))
    sizes = [sum(len(operation.body) for operation in group) for group in bulk.split(operations)]
    assert sum(sizes) > 20e6
    assert all(5e6 <= size <= 15e6 for size in sizes[:-1]) and sizes[-1] <= 15e6


def test_an_operation_larger_than_a_request_is_sent_alone() -> None:
    operations = [bulk.index_operation(each) for each in documents(3)]
    assert [len(group) for group in bulk.split(operations, 10)] == [1, 1, 1]


def test_float32_survives_json() -> None:
    (sent,) = documents(1)
    source = orjson.loads(bulk.index_operation(sent).body.splitlines()[1])
    np.testing.assert_array_equal(np.asarray(source["image_embedding"], np.float32), sent.image_embedding)


def test_float32_survives_base64_of_little_endian_bytes() -> None:
    (sent,) = documents(1)
    source = orjson.loads(bulk.index_operation(sent, as_base64=True).body.splitlines()[1])
    assert base64.b64decode(source["image_embedding"]) == struct.pack(f"<{DIMENSION}f", *sent.image_embedding.tolist())
    for value in (source["image_embedding"], sent.image_embedding.tolist()):
        np.testing.assert_array_equal(bulk.read_vector(value), sent.image_embedding)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, {"type": "rejected_execution_exception"}),
        (503, {"type": "unavailable_shards_exception"}),
        (403, {"type": "cluster_block_exception"}),
        (404, {"type": "illegal_index_shard_state_exception"}),
        (404, {"type": "shard_not_found_exception"}),
        (400, BREAKER),
        (409, {"type": "version_conflict_engine_exception"}),
    ],
)
def test_an_operation_that_failed_temporarily_is_retried(status: int, error: dict[str, object]) -> None:
    operations = [bulk.index_operation(each) for each in documents(2)]
    result = bulk.read_response(operations, [{"index": {"status": 201}}, {"index": {"status": status, "error": error}}])
    assert result.retry == operations[1:]
    assert not result.rejected
    assert str(status) in result.why


def test_an_invalid_document_is_rejected_with_the_reason() -> None:
    (operation,) = (bulk.index_operation(each) for each in documents(1))
    error = {"type": "mapper_parsing_exception", "caused_by": {"type": "x", "reason": "zero vector"}}
    (rejected,) = bulk.read_response([operation], [{"index": {"status": 400, "error": error}}]).rejected
    assert rejected.reason is Reason.REFUSED
    assert "zero vector" in rejected.detail


@pytest.mark.parametrize(
    ("status", "type", "kind"),
    [
        (401, "security_exception", ResponseKind.DENIED),
        (403, "security_exception", ResponseKind.DENIED),
        (404, "index_not_found_exception", ResponseKind.MISSING),
        (400, "strict_dynamic_mapping_exception", ResponseKind.CONFLICT),
        (413, "too_large", ResponseKind.CONFLICT),
        (400, "index_closed_exception", ResponseKind.CONFLICT),
        (400, "routing_missing_exception", ResponseKind.CONFLICT),
        (500, "fail_processor_exception", ResponseKind.CONFLICT),
        (400, "script_exception", ResponseKind.CONFLICT),
    ],
)
def test_an_error_that_concerns_the_whole_index_rejects_no_document(status: int, type: str, kind: ResponseKind) -> None:
    (operation,) = (bulk.index_operation(each) for each in documents(1))
    with pytest.raises(bulk.BulkFailed) as error:
        bulk.read_response([operation], [{"index": {"status": status, "error": {"type": type}}}])
    assert error.value.kind is kind


def test_deleting_a_missing_document_succeeds() -> None:
    result = bulk.read_response([bulk.delete_operation("x")], [{"delete": {"status": 404}}])
    assert not result.retry and not result.rejected


def failed(*reasons: str) -> list[dict[str, Any]]:
    return [{"index": {"status": 400, "error": {"type": "x", "reason": reason}}} for reason in reasons]


def test_a_reason_that_all_documents_have_concerns_the_whole_index() -> None:
    written = documents(3)
    operations = [bulk.index_operation(each) for each in written]
    with pytest.raises(bulk.BulkFailed) as error:
        bulk.read_response(
            operations, failed(*(f"[{each.id}] of {each.uri}: field no. {len(each.uri)}" for each in written))
        )
    assert error.value.kind is ResponseKind.CONFLICT and "field no." in error.value.why


@pytest.mark.parametrize(
    "reasons", [("a", "b", "a"), ("immense term 1", "immense term 2", "immense term 3")], ids=["several", "of each"]
)
def test_reasons_of_single_documents_reject_these(reasons: tuple[str, ...]) -> None:
    operations = [bulk.index_operation(each) for each in documents(3)]
    assert len(bulk.read_response(operations, failed(*reasons)).rejected) == 3


def test_a_reason_of_some_documents_rejects_these() -> None:
    operations = [bulk.index_operation(each) for each in documents(3)]
    items: list[dict[str, Any]] = [
        {"index": {"status": 201, "_id": operations[0].id, "result": "created"}},
        *failed("a", "a"),
    ]
    assert len(bulk.read_response(operations, items).rejected) == 2


@pytest.mark.parametrize(
    "answer", [{"result": "noop"}, {"_id": "other", "result": "created"}], ids=["dropped", "moved"]
)
def test_a_success_that_stored_nothing_under_the_id_is_the_fault_of_a_pipeline(answer: dict[str, str]) -> None:
    (operation,) = (bulk.index_operation(each) for each in documents(1))
    with pytest.raises(bulk.BulkFailed, match="ingest pipeline"):
        bulk.read_response([operation], [{"index": {"status": 200} | answer}])


def test_a_document_that_somebody_else_wrote_first_is_neither_sent_again_nor_rejected() -> None:
    conflict = {"type": "version_conflict_engine_exception", "reason": "required seqNo [1], current document has [2]"}
    conditional = [bulk.index_operation(documents(1)[0], after=(1, 1)), bulk.discard_operation("x", 1, 1)]
    items = [{"index": {"status": 409, "error": conflict}}, {"delete": {"status": 409, "error": conflict}}]
    result = bulk.read_response(conditional, items)
    assert (result.retry, result.rejected) == ([], [])
    assert result.overtaken == {operation.id for operation in conditional}
    assert bulk.read_response([bulk.index_operation(documents(1)[0])], items[:1]).retry, "a plain write is sent again"
