"""Writes to an overloaded, blocked or strict OpenSearch: retried, rejected or failed."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lookalike.errors import AccessDenied, IndexConflict, IndexUnavailable
from lookalike.index import Index, open_index
from lookalike.records import Reason
from testing.services.opensearch import request
from tests.index.conftest import SHORT_TIMEOUTS
from tests.index.documents import COSINE, clustered_vectors, document, documents
from tests.index.opensearch.overloaded_proxy import OverloadedProxy, overloaded_proxy

#: Of another length than those of COSINE; Lucene needs no native library.
SHORT_VECTORS = {
    "type": "knn_vector",
    "dimension": 8,
    "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"},
}


@pytest.fixture
def index(opensearch_url: str) -> Iterator[Index]:
    """An empty index with short timeouts."""
    index = open_index(opensearch_url, "images", options=SHORT_TIMEOUTS)
    index.ensure(COSINE)
    yield index
    index.close()


@pytest.fixture
def proxy(opensearch_url: str, index: Index) -> Iterator[OverloadedProxy]:
    """A proxy in front of the server that has `index`."""
    with overloaded_proxy(opensearch_url) as server:
        yield server


def test_a_document_that_the_server_rejects_is_returned_and_the_others_are_stored(index: Index) -> None:
    endless = document("/" + "x" * 40_000, clustered_vectors(1)[0])
    (rejected,) = index.write([*documents(3), endless, document("/last", clustered_vectors(1)[0])])
    assert (rejected.uri, rejected.reason) == (endless.uri, Reason.REFUSED)
    assert "32766" in rejected.detail
    index.refresh()
    assert index.count() == 4


def test_a_mapping_without_the_fields_rejects_no_document(opensearch_url: str, index: Index) -> None:
    meta = request(opensearch_url, "GET", "/images/_mapping")["images-v1"]["mappings"]["_meta"]
    mappings = {"dynamic": "strict", "_meta": meta, "properties": {"uri": {"type": "keyword"}}}
    request(opensearch_url, "PUT", "/odd-v1", {"aliases": {"odd": {}}, "mappings": mappings})
    with pytest.raises(IndexConflict, match="strict_dynamic_mapping"):
        open_index(opensearch_url, "odd").write(documents(2))


@pytest.mark.parametrize("count", [1, 3])
def test_a_missing_pipeline_stops_the_writes_with_its_name_until_it_is_mended(
    opensearch_url: str, index: Index, count: int
) -> None:
    request(opensearch_url, "PUT", "/images/_settings", {"index.default_pipeline": "absent"})
    with pytest.raises(IndexConflict, match=r"index images: 400 .*pipeline with id \[absent\] does not exist") as error:
        index.write(documents(count))
    assert "index.default_pipeline" in error.value.advice and len(str(error.value).splitlines()) == 2
    request(opensearch_url, "PUT", "/images/_settings", {"index.default_pipeline": None})
    assert index.write(documents(count)) == []


def test_a_closed_index_stops_the_writes_until_it_is_opened(opensearch_url: str, index: Index) -> None:
    request(opensearch_url, "POST", "/images-v1/_close")
    with pytest.raises(IndexConflict, match="index images: 400 index_closed_exception") as error:
        index.write(documents(1))
    assert "_open" in error.value.advice
    request(opensearch_url, "POST", "/images-v1/_open?wait_for_active_shards=all")
    assert index.write(documents(1)) == []


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        ({"_routing": {"required": True}}, "routing_missing_exception"),
        ({"properties": {"width": {"type": "date", "format": "yyyy"}}}, ".*"),
        ({"properties": {"image_embedding": SHORT_VECTORS}}, "imension mismatch"),
        ({"properties": {"name": {"type": "integer"}}}, "For input string"),
    ],
    ids=["routing", "date", "dimension", "type"],
)
def test_a_mapping_that_fits_no_document_stops_the_writes(
    opensearch_url: str, index: Index, changes: dict[str, Any], sign: str
) -> None:
    made = request(opensearch_url, "GET", "/images/_mapping")["images-v1"]["mappings"]
    properties = made["properties"] | changes.get("properties", {})
    body = {"aliases": {"odd": {}}, "mappings": made | changes | {"properties": properties}}
    request(opensearch_url, "PUT", "/odd-v1", body | {"settings": {"index.knn": True}})
    with pytest.raises(IndexConflict, match=f"index odd: 400 .*{sign}"):
        open_index(opensearch_url, "odd", options=SHORT_TIMEOUTS).write(documents(4))


def test_only_the_operations_that_were_pushed_back_are_retried(proxy: OverloadedProxy) -> None:
    proxy.halved = 2
    retrying = open_index(proxy.url, "images", options=replace(SHORT_TIMEOUTS, retry_s=20))
    written = documents(8)
    assert retrying.write(written) == []
    ids = [each.id for each in written]
    assert proxy.bulk_requests == [ids, ids[1::2], ids[3::4]]
    assert len(retrying.stored(ids)) == 8
    retrying.close()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_request_that_is_pushed_back_is_retried(proxy: OverloadedProxy, status: int) -> None:
    proxy.responses = [(status, {"error": "busy"})]
    retrying = open_index(proxy.url, "images", options=replace(SHORT_TIMEOUTS, retry_s=20))
    assert retrying.write(documents(2)) == []
    assert len(proxy.bulk_requests) == 2
    retrying.close()


def test_retries_end_after_the_time_limit(proxy: OverloadedProxy) -> None:
    proxy.halved = 1000
    index = open_index(proxy.url, "images", options=SHORT_TIMEOUTS)
    proxy.responses = [(429, {"error": "busy"})] * 1000
    began = time.monotonic()
    with pytest.raises(IndexUnavailable, match="429"):
        index.write(documents(2))
    assert time.monotonic() - began < 30
    index.close()


@pytest.mark.parametrize(
    ("status", "type"), [(401, "Unauthorized"), (403, "security_exception")], ids=["no user", "no right"]
)
def test_rejected_credentials_raise_an_error_without_the_password(
    proxy: OverloadedProxy, status: int, type: str
) -> None:
    proxy.responses = [(status, {"error": {"type": type, "reason": "no permissions"}})]
    index = open_index(proxy.url.replace("//", "//someone:hunter2@"), "images", options=SHORT_TIMEOUTS)
    with pytest.raises(AccessDenied) as error:
        index.write(documents(1))
    assert "hunter2" not in f"{error.value} {error.value!r} {error.value.__cause__!r}"
    assert len(proxy.bulk_requests) == 1
    index.close()


def test_a_large_write_is_split_into_requests(proxy: OverloadedProxy) -> None:
    index = open_index(proxy.url, "images", options=SHORT_TIMEOUTS)
    vector = clustered_vectors(1)[0]
    written = [document(str(i), vector, metadata={f"f{j}": "x" * 30_000 for j in range(20)}) for i in range(30)]
    assert index.write(written) == []
    assert [len(ids) for ids in proxy.bulk_requests] == [13, 13, 4]
    index.close()


def test_a_write_block_makes_the_index_unavailable_until_it_is_lifted(opensearch_url: str, index: Index) -> None:
    request(opensearch_url, "PUT", "/images/_settings", {"index.blocks.write": True})
    with pytest.raises(IndexUnavailable, match="cluster_block_exception"):
        index.write(documents(2))
    request(opensearch_url, "PUT", "/images/_settings", {"index.blocks.write": False})
    assert index.write(documents(2)) == []


def test_a_tripped_circuit_breaker_rejects_no_document(opensearch_url: str, index: Index) -> None:
    setting = "knn.circuit_breaker.triggered"
    request(opensearch_url, "PUT", "/_cluster/settings", {"persistent": {setting: True}})
    try:
        with pytest.raises(IndexUnavailable, match="circuit breaker"):
            index.write(documents(2))
    finally:
        request(opensearch_url, "PUT", "/_cluster/settings", {"persistent": {setting: None}})
    assert index.write(documents(2)) == []
