"""Bulk-load mode changes settings of the index and restores them afterwards, even after a crash."""

from typing import Any

import numpy as np
import pytest

from lookalike.index import Index, IndexOptions, open_index, open_version
from lookalike.index.opensearch import meta
from testing.services.opensearch import request
from tests.index.documents import COSINE, documents
from tests.index.opensearch.overloaded_proxy import overloaded_proxy

REPLICAS = 1
THRESHOLD = "knn.advanced.approximate_threshold"
SETTINGS = ("refresh_interval", "number_of_replicas", THRESHOLD)


@pytest.fixture
def index(opensearch_url: str) -> Index:
    opened = open_index(opensearch_url, "loading", options=IndexOptions(replicas=REPLICAS))
    opened.ensure(COSINE)
    return opened


def settings(url: str) -> dict[str, Any]:
    answer: Any = request(url, "GET", "/loading-v1/_settings?flat_settings=true")
    found: dict[str, Any] = answer["loading-v1"]["settings"]
    return {name: found.get(f"index.{name}") for name in SETTINGS}


def refreshes(url: str) -> int:
    stats = request(url, "GET", "/loading-v1/_stats/refresh")["_all"]["primaries"]["refresh"]
    return int(stats["total"]) + int(stats["external_total"])


def test_a_load_turns_off_refresh_and_replicas_and_its_end_restores_them(index: Index, opensearch_url: str) -> None:
    before = settings(opensearch_url)
    assert not index.is_loading()
    index.begin_load()
    assert index.is_loading()
    assert settings(opensearch_url) == {"refresh_interval": "-1", "number_of_replicas": "0", THRESHOLD: None}
    index.write(documents(3))
    index.end_load()
    assert settings(opensearch_url) == before
    assert not index.is_loading()
    assert index.count() == 3


def test_a_load_of_new_documents_causes_no_refresh_although_each_chunk_is_looked_up_first(
    index: Index, opensearch_url: str
) -> None:
    index.begin_load()
    before = refreshes(opensearch_url)
    written = documents(6)
    for chunk in (written[:3], written[3:]):
        assert index.stored([each.id for each in chunk]) == {}
        assert index.write(chunk) == []
    assert refreshes(opensearch_url) == before
    assert index.count() == 0


def test_a_value_that_was_set_by_hand_is_restored(index: Index, opensearch_url: str) -> None:
    request(opensearch_url, "PUT", "/loading-v1/_settings", {"index.refresh_interval": "17s"})
    index.begin_load()
    index.end_load()
    assert settings(opensearch_url)["refresh_interval"] == "17s"


def test_beginning_a_load_twice_keeps_the_settings_from_before_the_first(index: Index, opensearch_url: str) -> None:
    before = settings(opensearch_url)
    index.begin_load()
    index.begin_load()
    index.end_load()
    index.end_load()
    assert settings(opensearch_url) == before


def test_another_process_can_end_the_load_after_a_crash(index: Index, opensearch_url: str) -> None:
    before = settings(opensearch_url)
    index.begin_load()
    other = open_index(opensearch_url, "loading")
    assert other.is_loading()
    other.end_load()
    assert settings(opensearch_url) == before


def test_a_slow_end_of_one_load_leaves_the_next_one_its_mark(
    index: Index, opensearch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settings(opensearch_url)
    index.begin_load()
    slow, read = open_index(opensearch_url, "loading"), meta.read

    def read_and_wait(*of: Any) -> dict[str, Any]:
        """Of the slow client alone: what it reads is old when it goes on."""
        found = read(*of)
        monkeypatch.setattr(meta, "read", read)
        index.end_load()
        index.begin_load()
        return found

    monkeypatch.setattr(meta, "read", read_and_wait)
    slow.end_load()
    assert index.is_loading()
    index.end_load()
    assert settings(opensearch_url) == before


def test_the_index_keeps_its_model_during_and_after_a_load(index: Index) -> None:
    index.begin_load()
    assert index.model() == COSINE
    index.end_load()
    assert index.model() == COSINE


@pytest.mark.parametrize(("version", "threshold"), [("3.9.0", "-1"), ("3.8.0", None)])
def test_an_empty_index_builds_its_graph_once_at_the_end_of_the_load_if_the_server_can(
    index: Index, opensearch_url: str, version: str, threshold: str | None
) -> None:
    written = documents(3)
    with overloaded_proxy(opensearch_url) as proxy:
        proxy.version, proxy.reads_base64 = version, True
        newer = open_index(proxy.url, "loading")
        newer.begin_load()
        assert settings(opensearch_url)[THRESHOLD] == threshold
        newer.write(written)
        newer.end_load()
        assert settings(opensearch_url)[THRESHOLD] is None
        assert proxy.merges == (1 if threshold else 0)
        # One is written again, because a merge leaves a single segment without a graph as it is.
        again = [id for request in proxy.bulk_requests[1:] for id in request]
        assert len(again) == proxy.merges and set(again) <= {each.id for each in written}
        newer.begin_load()
        assert settings(opensearch_url)[THRESHOLD] is None, "a graph that exists would be dropped"
        newer.end_load()
    assert index.count() == 3
    for each in written:
        kept = index.get(each.id)
        assert kept is not None and kept.uri == each.uri
        np.testing.assert_array_equal(kept.image_embedding, each.image_embedding)


def test_a_load_that_put_off_the_graph_can_be_ended_by_the_name_of_the_version(
    index: Index, opensearch_url: str
) -> None:
    before = settings(opensearch_url)
    with overloaded_proxy(opensearch_url) as proxy:
        proxy.version, proxy.reads_base64 = "3.9.0", True
        newer = open_index(proxy.url, "loading")
        newer.begin_load()
        newer.write(documents(3))
        version = open_version(proxy.url, "loading-v1")
        version.end_load()
        assert not version.is_loading() and settings(opensearch_url) == before
