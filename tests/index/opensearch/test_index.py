"""Behaviour of OpenSearch indexes that no other backend has, against a real server."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from lookalike.errors import BadSetting, IndexConflict, IndexMissing, IndexUnavailable
from lookalike.index import Index, IndexOptions, list_indexes, open_index
from lookalike.records import document_id
from testing.services.opensearch import OpenSearchServer, request
from testing.services.ports import free_port
from tests.index.conftest import SHORT_TIMEOUTS
from tests.index.documents import COSINE, documents, write
from tests.index.opensearch.overloaded_proxy import overloaded_proxy


@pytest.fixture
def index(opensearch_url: str) -> Iterator[Index]:
    """An empty index with short timeouts."""
    index = open_index(opensearch_url, "images", options=SHORT_TIMEOUTS)
    index.ensure(COSINE)
    yield index
    index.close()


@contextmanager
def asked_all_the_time(ask: Callable[..., Any], *arguments: Any) -> Iterator[list[Any]]:
    """What the index answers meanwhile, without the times at which it is unavailable."""
    found: list[Any] = []
    is_over = threading.Event()

    def ask_again() -> None:
        while not is_over.wait(0.02):
            with suppress(IndexUnavailable):
                found.append(ask(*arguments))

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask_again)
        try:
            yield found
        finally:
            is_over.set()
        asking.result()


def test_the_mapping_names_the_lucene_engine_and_is_strict(opensearch_url: str, index: Index) -> None:
    mappings = request(opensearch_url, "GET", "/images/_mapping")["images-v1"]["mappings"]
    assert mappings["properties"]["image_embedding"]["method"]["engine"] == "lucene"
    assert mappings["dynamic"] == "strict"
    assert mappings["_meta"]["lookalike"]["fingerprint"] == COSINE.fingerprint


def test_an_engine_that_the_server_does_not_have_is_rejected(opensearch_url: str) -> None:
    with pytest.raises(BadSetting, match="nmslib"):
        open_index(opensearch_url, "other", options=IndexOptions(engine="nmslib")).ensure(COSINE)


def test_a_new_index_takes_the_next_number(opensearch_url: str) -> None:
    request(opensearch_url, "PUT", "/images-v7", {})
    index = open_index(opensearch_url, "images")
    index.ensure(COSINE)
    assert [info.version for info in list_indexes(opensearch_url)] == ["images-v8"]
    index.close()


@pytest.mark.parametrize("name", ["theirs", "pointed"])
def test_an_index_that_lookalike_did_not_make_is_left_alone(opensearch_url: str, name: str) -> None:
    request(opensearch_url, "PUT", "/theirs", {"aliases": {"pointed": {}}})
    index = open_index(opensearch_url, name)
    for use in (lambda: index.ensure(COSINE), index.drop, lambda: index.write(documents(1))):
        with pytest.raises(IndexConflict, match="not made by lookalike"):
            use()
    assert list_indexes(opensearch_url) == []
    index.close()


def test_writes_never_create_an_index(opensearch_url: str, index: Index) -> None:
    request(opensearch_url, "DELETE", "/images-v1")
    with pytest.raises(IndexMissing):
        index.write(documents(1))
    with pytest.raises(IndexMissing):
        index.delete(["x"])
    assert list_indexes(opensearch_url) == []


def test_a_killed_server_is_unavailable_and_keeps_every_acknowledged_write(
    opensearch_server: OpenSearchServer, opensearch_url: str, index: Index
) -> None:
    if not opensearch_server.is_ours:
        pytest.skip("the server is not ours to kill")
    spread = open_index(opensearch_url, "spread", options=replace(SHORT_TIMEOUTS, shards=3))
    spread.ensure(COSINE)
    for each in (index, spread):
        write(each, documents(20))
    opensearch_server.kill()
    for use in (lambda: index.write(documents(1)), index.count, index.model, lambda: index.ensure(COSINE)):
        with pytest.raises(IndexUnavailable, match="refused"):
            use()
    # Shards start one after the other: until the last one has, the index is unavailable.
    with asked_all_the_time(spread.count) as counts, asked_all_the_time(spread.labels, 2) as labels:
        opensearch_server.restart()
    assert all(count == 20 for count in counts) and all(found == {"even": 10, "odd": 10} for found in labels)
    assert len(index.stored([document_id(f"/photos/{i}.jpg") for i in range(20)])) == 20
    spread.close()


def test_an_address_without_a_server_is_unavailable_and_the_error_has_no_password() -> None:
    index = open_index(f"http://someone:hunter2@127.0.0.1:{free_port()}", "images", options=SHORT_TIMEOUTS)
    with pytest.raises(IndexUnavailable) as error:
        index.ensure(COSINE)
    assert "hunter2" not in str(error.value)
    index.close()


def test_https_to_a_server_without_tls_is_a_bad_setting(opensearch_url: str) -> None:
    index = open_index(opensearch_url.replace("http:", "https:"), "images", options=SHORT_TIMEOUTS)
    with pytest.raises(BadSetting, match="No trusted connection"):
        index.count()
    index.close()


def test_an_index_is_not_taken_for_missing_by_a_server_that_still_starts(opensearch_url: str, index: Index) -> None:
    with overloaded_proxy(opensearch_url) as proxy:
        proxy.is_starting = True
        started = open_index(proxy.url, "images", options=SHORT_TIMEOUTS)
        assert started.model() == COSINE
        with pytest.raises(IndexMissing):
            open_index(proxy.url, "absent", options=SHORT_TIMEOUTS).model()
