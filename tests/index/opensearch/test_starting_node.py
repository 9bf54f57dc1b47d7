"""What a node answers while it starts, inside responses that say 200: nothing of it is taken for the whole truth.

Each of these responses came from a node of OpenSearch 3.6 that was killed and started again.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lookalike.errors import IndexUnavailable, ShardsMissing
from lookalike.index import Index, check_writable, list_indexes, open_index
from lookalike.index.base import VectorQuery
from tests.index.conftest import SHORT_TIMEOUTS
from tests.index.documents import COSINE, documents, write
from tests.index.opensearch.overloaded_proxy import OverloadedProxy, overloaded_proxy

WRITTEN = documents(4)
MISSING = {"type": "index_not_found_exception", "reason": "no such index [images]"}
NO_SHARD = {"type": "no_shard_available_action_exception", "reason": "No shard available for [images-v1]"}
#: One of three shards has started; the others have not failed.
PARTIAL: dict[str, Any] = {
    "_shards": {"total": 3, "successful": 1, "skipped": 0, "failed": 0},
    "timed_out": False,
    "count": 0,
    "hits": {"hits": []},
    "aggregations": {"values": {"buckets": []}},
    "_scroll_id": "c2Nyb2xs",
}


@pytest.fixture
def proxy(opensearch_url: str) -> Iterator[OverloadedProxy]:
    with overloaded_proxy(opensearch_url) as server:
        yield server


@pytest.fixture
def index(proxy: OverloadedProxy) -> Iterator[Index]:
    """An index behind the proxy, with documents that a search finds."""
    index = open_index(proxy.url, "images", options=SHORT_TIMEOUTS)
    index.ensure(COSINE)
    write(index, WRITTEN)
    yield index
    index.close()


def test_items_of_a_bulk_that_know_no_index_are_sent_again(index: Index, proxy: OverloadedProxy) -> None:
    proxy.bulk_requests.clear()
    proxy.once["/_bulk"] = (200, {"items": [{"index": {"status": 404, "error": MISSING}}] * 3})
    assert index.write(documents(3)) == []
    proxy.once["/_bulk"] = (200, {"items": [{"delete": {"status": 404, "error": MISSING}}]})
    index.delete([WRITTEN[0].id])
    assert WRITTEN[0].id not in index.stored([each.id for each in WRITTEN])


def test_items_of_a_multi_get_that_know_no_index_are_asked_for_again(index: Index, proxy: OverloadedProxy) -> None:
    proxy.once["/_mget"] = (200, {"docs": [{"_id": WRITTEN[0].id, "error": MISSING}]})
    assert index.get(WRITTEN[0].id) is not None


def test_items_of_a_multi_get_without_a_shard_are_unavailable(index: Index, proxy: OverloadedProxy) -> None:
    proxy.once["/_mget"] = (200, {"docs": [{"_id": WRITTEN[0].id, "error": NO_SHARD}]})
    with pytest.raises(IndexUnavailable, match="No shard available"):
        index.get(WRITTEN[0].id)


def test_an_answer_of_some_shards_is_never_taken_for_that_of_all(index: Index, proxy: OverloadedProxy) -> None:
    query = WRITTEN[0].image_embedding
    uses: list[tuple[str, Callable[[], Any]]] = [
        ("/_search", lambda: index.search(query, 3)),
        ("/_search", lambda: index.search(query, 3, exact=True, fingerprint=COSINE.fingerprint)),
        ("/_count", index.count),
        ("/_count", lambda: index.count(["name=odd"])),
        ("/_search", lambda: index.labels(3)),
        ("/_search", lambda: index.stored([WRITTEN[0].id], is_fresh=False)),
        ("/_search", lambda: list(index.scan())),
        ("/_search", lambda: list(index.scan_documents())),
    ]
    for path, use in uses:
        proxy.once[path] = (200, PARTIAL)
        with pytest.raises(ShardsMissing, match="not every shard answered: 1 of 3 did"):
            use()
        assert not proxy.once, path


def test_an_answer_without_a_shard_that_failed_says_why(index: Index, proxy: OverloadedProxy) -> None:
    failure = {"shard": 1, "reason": {"type": "query_shard_exception", "reason": "of no use"}}
    shards = {"total": 2, "successful": 1, "skipped": 0, "failed": 1, "failures": [failure]}
    proxy.once["/_count"] = (200, PARTIAL | {"_shards": shards})
    with pytest.raises(ShardsMissing, match="1 of 2 did in time; query_shard_exception: of no use"):
        index.count()


def test_a_search_in_a_batch_that_some_shards_answered_is_asked_again(index: Index, proxy: OverloadedProxy) -> None:
    queries = [VectorQuery(each.image_embedding, 1, fingerprint=COSINE.fingerprint) for each in WRITTEN]
    index.search(queries[0].vector, 1)
    starting = {"status": 503, "error": {"type": "search_phase_execution_exception", "reason": "all shards failed"}}
    some = PARTIAL | {"hits": {"hits": [{"_index": "images-v1", "_source": {"model": COSINE.fingerprint}}]}}
    proxy.once["/_msearch"] = (200, {"responses": [some, starting, PARTIAL, some]})
    found = [matches[0].id for matches in index.search_each(queries) if isinstance(matches, list)]
    assert not proxy.once and found == [each.id for each in WRITTEN]


def test_a_scroll_that_a_node_forgot_when_it_started_again_is_unavailable(index: Index, proxy: OverloadedProxy) -> None:
    pages = index.scan_documents(batch_size=1)
    next(pages)
    forgotten = {"type": "search_context_missing_exception", "reason": "No search context found for id [1]"}
    failed = {"type": "search_phase_execution_exception", "reason": "all shards failed", "root_cause": [forgotten]}
    proxy.once["/_search/scroll"] = (404, {"error": failed, "status": 404})
    with pytest.raises(IndexUnavailable, match="No search context"):
        next(pages)


def test_an_index_without_statistics_is_not_left_out_of_a_list(index: Index, proxy: OverloadedProxy) -> None:
    none = {"_shards": {"total": 1, "successful": 0, "failed": 0}, "indices": {}}
    proxy.once["/_stats"] = (200, none)
    assert [info.version for info in list_indexes(proxy.url)] == ["images-v1"]
    proxy.once["/_stats"] = (200, none)
    with pytest.raises(ShardsMissing, match="no shard of index images-v1 has started"):
        list(index.optimize())


def test_an_index_whose_shards_still_start_may_be_written(index: Index, proxy: OverloadedProxy) -> None:
    red = {"status": "red", "number_of_shards": 1, "active_primary_shards": 0, "unassigned_shards": 1}
    proxy.once["/_cluster/health"] = (200, {"status": "red", "indices": {"images-v1": red}})
    assert check_writable(proxy.url, "images") == []
    assert not proxy.once


def test_a_load_does_not_end_before_a_document_of_each_shard_is_written_again(proxy: OverloadedProxy) -> None:
    proxy.version, proxy.reads_base64 = "3.9.0", True
    index = open_index(proxy.url, "loading", options=SHORT_TIMEOUTS)
    index.ensure(COSINE)
    proxy.once["/_count"] = (200, PARTIAL)
    with pytest.raises(ShardsMissing, match="not every shard answered: 1 of 3 did"):
        index.begin_load()
    index.begin_load()
    index.write(WRITTEN)
    proxy.once["/_mget"] = (200, {"docs": [{"_id": WRITTEN[0].id, "error": NO_SHARD}]})
    with pytest.raises(IndexUnavailable, match="No shard available"):
        index.end_load()
    assert (index.is_loading(), proxy.merges) == (True, 0)
    index.end_load()
    assert (index.is_loading(), proxy.merges) == (False, 1)
    index.close()
