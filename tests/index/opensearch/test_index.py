"""What OpenSearch alone can do to us, against a real server."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lookalike.errors import AccessDenied, BadSetting, IndexConflict, IndexMissing, IndexUnavailable
from lookalike.index import Index, IndexOptions, list_indexes, open_index
from lookalike.records import Reason, document_id
from testing.services.opensearch import OpenSearchServer, request
from testing.services.ports import free_port
from tests.index.conftest import IMPATIENT
from tests.index.documents import COSINE, clustered_vectors, document, documents
from tests.index.gate import Gate, gate


@pytest.fixture
def index(opensearch_url: str) -> Iterator[Index]:
    """An empty index whose pushes back are given up on soon."""
    index = open_index(opensearch_url, "images", options=IMPATIENT)
    index.ensure(COSINE)
    yield index
    index.close()


@pytest.fixture
def door(opensearch_url: str, index: Index) -> Iterator[Gate]:
    """A gate before the server that holds `index`."""
    with gate(opensearch_url) as server:
        yield server


def test_the_mapping_names_the_lucene_engine_and_is_strict(opensearch_url: str, index: Index) -> None:
    mappings = request(opensearch_url, "GET", "/images/_mapping")["images-v1"]["mappings"]
    assert mappings["properties"]["image_embedding"]["method"]["engine"] == "lucene"
    assert mappings["dynamic"] == "strict"
    assert mappings["_meta"]["lookalike"]["fingerprint"] == COSINE.fingerprint


def test_an_unknown_engine_is_refused(opensearch_url: str) -> None:
    with pytest.raises(BadSetting, match="nmslib"):
        open_index(opensearch_url, "other", options=IndexOptions(engine="nmslib")).ensure(COSINE)


def test_a_new_index_takes_the_next_number(opensearch_url: str) -> None:
    request(opensearch_url, "PUT", "/images-v7", {})
    index = open_index(opensearch_url, "images")
    index.ensure(COSINE)
    assert [info.version for info in list_indexes(opensearch_url)] == ["images-v8"]
    index.close()


@pytest.mark.parametrize("name", ["theirs", "pointed"])
def test_an_index_of_somebody_else_is_left_alone(opensearch_url: str, name: str) -> None:
    request(opensearch_url, "PUT", "/theirs", {"aliases": {"pointed": {}}})
    index = open_index(opensearch_url, name)
    for use in (lambda: index.ensure(COSINE), index.drop, lambda: index.write(documents(1))):
        with pytest.raises(IndexConflict, match="not made by lookalike"):
            use()
    assert list_indexes(opensearch_url) == []
    index.close()


def test_writes_follow_the_alias_and_never_create_an_index(opensearch_url: str, index: Index) -> None:
    request(opensearch_url, "DELETE", "/images-v1")
    with pytest.raises(IndexMissing):
        index.write(documents(1))
    with pytest.raises(IndexMissing):
        index.delete(["x"])
    assert list_indexes(opensearch_url) == []


def test_a_document_the_server_refuses_is_rejected_and_its_neighbours_are_stored(index: Index) -> None:
    endless = document("/" + "x" * 40_000, clustered_vectors(1)[0])
    (rejected,) = index.write([*documents(3), endless, document("/last", clustered_vectors(1)[0])])
    assert (rejected.uri, rejected.reason) == (endless.uri, Reason.REFUSED)
    assert "32766" in rejected.detail
    index.refresh()
    assert index.count() == 4


def test_a_mapping_without_our_fields_rejects_no_document(opensearch_url: str, index: Index) -> None:
    meta = request(opensearch_url, "GET", "/images/_mapping")["images-v1"]["mappings"]["_meta"]
    mappings = {"dynamic": "strict", "_meta": meta, "properties": {"uri": {"type": "keyword"}}}
    request(opensearch_url, "PUT", "/odd-v1", {"aliases": {"odd": {}}, "mappings": mappings})
    with pytest.raises(IndexConflict, match="strict_dynamic_mapping"):
        open_index(opensearch_url, "odd").write(documents(2))


def test_only_the_operations_that_were_pushed_back_are_sent_again(door: Gate) -> None:
    door.halve = 2
    patient = open_index(door.url, "images", options=replace(IMPATIENT, retry_s=20))
    written = documents(8)
    assert patient.write(written) == []
    ids = [each.id for each in written]
    assert door.bulks == [ids, ids[1::2], ids[3::4]]
    assert len(patient.stored(ids)) == 8
    patient.close()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_request_that_is_pushed_back_is_sent_again(door: Gate, status: int) -> None:
    door.answers = [(status, {"error": "busy"})]
    patient = open_index(door.url, "images", options=replace(IMPATIENT, retry_s=20))
    assert patient.write(documents(2)) == []
    assert len(door.bulks) == 2
    patient.close()


def test_a_lasting_push_back_is_given_up_on_in_time(door: Gate) -> None:
    door.halve = 1000
    index = open_index(door.url, "images", options=IMPATIENT)
    door.answers = [(429, {"error": "busy"})] * 1000
    began = time.monotonic()
    with pytest.raises(IndexUnavailable, match="429"):
        index.write(documents(2))
    assert time.monotonic() - began < 5
    index.close()


@pytest.mark.parametrize(
    ("status", "type"), [(401, "Unauthorized"), (403, "security_exception")], ids=["no user", "no right"]
)
def test_credentials_that_are_turned_down_are_named_without_the_password(door: Gate, status: int, type: str) -> None:
    door.answers = [(status, {"error": {"type": type, "reason": "no permissions"}})]
    index = open_index(door.url.replace("//", "//someone:hunter2@"), "images", options=IMPATIENT)
    with pytest.raises(AccessDenied) as error:
        index.write(documents(1))
    assert "hunter2" not in f"{error.value} {error.value!r} {error.value.__cause__!r}"
    assert len(door.bulks) == 1
    index.close()


def test_a_large_write_is_cut_into_requests(door: Gate) -> None:
    index = open_index(door.url, "images", options=IMPATIENT)
    vector = clustered_vectors(1)[0]
    written = [document(str(i), vector, metadata={str(j): "x" * 30_000 for j in range(20)}) for i in range(30)]
    assert index.write(written) == []
    assert [len(ids) for ids in door.bulks] == [13, 13, 4]
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


def test_a_killed_server_is_unavailable_and_keeps_what_was_acknowledged(
    opensearch_server: OpenSearchServer, opensearch_url: str, index: Index
) -> None:
    if not opensearch_server.is_ours:
        pytest.skip("the server is not ours to kill")
    index.write(documents(20))
    opensearch_server.kill()
    for use in (lambda: index.write(documents(1)), index.count, index.model, lambda: index.ensure(COSINE)):
        with pytest.raises(IndexUnavailable, match="refused"):
            use()
    opensearch_server.restart()
    assert len(index.stored([document_id(f"/photos/{i}.jpg") for i in range(20)])) == 20


def test_nobody_at_the_address_is_unavailable_without_the_password() -> None:
    index = open_index(f"http://someone:hunter2@127.0.0.1:{free_port()}", "images", options=IMPATIENT)
    with pytest.raises(IndexUnavailable) as error:
        index.ensure(COSINE)
    assert "hunter2" not in str(error.value)
    index.close()


def test_tls_to_a_server_without_it_is_a_wrong_setting(opensearch_url: str) -> None:
    index = open_index(opensearch_url.replace("http:", "https:"), "images", options=IMPATIENT)
    with pytest.raises(BadSetting, match="No trusted connection"):
        index.count()
    index.close()
