"""Checks of an OpenSearch server: its kind and version, and whether an index accepts writes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lookalike.errors import BadSetting, DiskFull, IndexUnavailable, ShardsMissing, UnsupportedService
from lookalike.index import IndexOptions, check_location, check_writable, inspect, open_index
from testing.services.opensearch import request
from testing.services.ports import free_port
from testing.services.stub_servers import StubHttpServer
from tests.index.conftest import SHORT_TIMEOUTS
from tests.index.documents import COSINE, documents
from tests.index.opensearch.overloaded_proxy import overloaded_proxy

#: Settings of an index whose shards never start.
NOWHERE = {"index.routing.allocation.require._name": "nobody", "index.number_of_replicas": 0}
BLOCKS = ("cluster.blocks.read_only", "cluster.blocks.read_only_allow_delete")


def greeting(number: str, **version: str) -> str:
    return json.dumps({"name": "n", "version": {"number": number, **version}, "tagline": "t"})


@pytest.fixture
def url_with_index(opensearch_url: str) -> str:
    """The URL of an OpenSearch with an empty index `images`."""
    open_index(opensearch_url, "images").ensure(COSINE)
    return opensearch_url


@contextmanager
def blocked(url: str, name: str) -> Iterator[None]:
    try:
        request(url, "PUT", "/_cluster/settings", {"transient": {name: True}})
        yield
    finally:
        # This setting only: a read-only cluster allows no other change.
        request(url, "PUT", "/_cluster/settings", {"transient": {name: None}})


def test_a_healthy_server_gives_no_warning(url_with_index: str) -> None:
    check_location(url_with_index)
    assert check_writable(url_with_index, "images") == check_writable(url_with_index, "not-created-yet") == []


def test_an_inspection_has_a_line_on_the_server_and_one_on_the_index(url_with_index: str) -> None:
    found = inspect(url_with_index, "images", options=IndexOptions())
    assert found is not None and found.diagnostics == ()
    assert found.server.startswith("OpenSearch ") and "GiB free" in found.server
    assert found.index.startswith("images-v1, lucene, ") and "green" in found.index
    assert found.skew_s is not None and abs(found.skew_s) < 2
    absent = inspect(url_with_index, "not-created-yet")
    assert absent is not None and absent.index == ""


def test_options_of_a_new_index_that_the_server_is_too_old_for_are_refused_before_any_work(url_with_index: str) -> None:
    options = IndexOptions(quantization="bit")
    assert check_writable(url_with_index, "not-created-yet", options=options) == []
    with overloaded_proxy(url_with_index) as proxy:
        proxy.version = "3.5.0"
        assert check_writable(proxy.url, "images", options=options) == []
        with pytest.raises(BadSetting, match=r"3\.6 or later; this one is 3\.5\.0") as error:
            check_writable(proxy.url, "not-created-yet", options=options)
    assert len(str(error.value).splitlines()) == 2 and "LOOKALIKE_QUANTIZATION" in error.value.advice


def test_an_engine_that_was_never_used_gives_a_warning(url_with_index: str) -> None:
    found = inspect(url_with_index, "images", options=IndexOptions(engine="faiss"))
    assert found is not None and "LOOKALIKE_ENGINE=lucene" in found.diagnostics[0].advice
    check_location(url_with_index)


def test_an_index_that_a_full_disk_made_read_only_is_rejected(url_with_index: str) -> None:
    request(url_with_index, "PUT", "/images-v1/_settings", {"index.blocks.read_only_allow_delete": True})
    with pytest.raises(DiskFull, match=r"images-v1 .*flood-stage") as error:
        check_writable(url_with_index, "images")
    assert "read_only_allow_delete" in str(error.value)


@pytest.mark.parametrize("block", ["index.blocks.write", "index.blocks.read_only"])
def test_an_index_with_a_write_block_is_rejected(url_with_index: str, block: str) -> None:
    request(url_with_index, "PUT", "/images-v1/_settings", {block: True})
    try:
        with pytest.raises(UnsupportedService, match=r"images-v1 .*does not accept writes"):
            check_writable(url_with_index, "images")
    finally:
        request(url_with_index, "PUT", "/images-v1/_settings", {block: None})


@pytest.mark.parametrize("block", BLOCKS)
def test_a_read_only_cluster_is_rejected_even_for_a_new_index(opensearch_url: str, block: str) -> None:
    with blocked(opensearch_url, block), pytest.raises(UnsupportedService, match="does not accept writes") as error:
        check_writable(opensearch_url, "not-created-yet")
    assert block in str(error.value)
    check_location(opensearch_url)


def test_unassigned_replicas_give_a_warning(opensearch_url: str) -> None:
    # More than any test cluster has nodes.
    open_index(opensearch_url, "images", options=IndexOptions(replicas=9)).ensure(COSINE)
    (warning,) = check_writable(opensearch_url, "images")
    assert "images-v1 is yellow: " in warning.what and "number_of_replicas" in warning.advice


def test_an_index_with_missing_shards_is_rejected(opensearch_url: str) -> None:
    request(
        opensearch_url, "PUT", "/images-v1?wait_for_active_shards=0", {"settings": NOWHERE, "aliases": {"images": {}}}
    )
    with pytest.raises(UnsupportedService, match=r"images-v1 .*is red: 1 of its 1 primary shards"):
        check_writable(opensearch_url, "images", options=SHORT_TIMEOUTS)


def test_an_index_with_a_lost_shard_says_what_to_do(url_with_index: str) -> None:
    index = open_index(url_with_index, "images", options=SHORT_TIMEOUTS)
    mappings = request(url_with_index, "GET", "/images-v1/_mapping")["images-v1"]["mappings"]
    request(url_with_index, "DELETE", "/images-v1")
    made_again = {"settings": NOWHERE | {"index.knn": True}, "mappings": mappings, "aliases": {"images": {}}}
    request(url_with_index, "PUT", "/images-v1?wait_for_active_shards=0", made_again)
    uses: list[Callable[[], object]] = [
        index.count,
        lambda: index.get("id"),
        lambda: index.search(documents(1)[0].image_embedding, 1),
        lambda: list(index.scan()),
    ]
    for use in uses:
        with pytest.raises(ShardsMissing, match=r"(?s)`lookalike doctor` says .*DELETE /INDEX"):
            use()
    with pytest.raises(UnsupportedService, match="1 of its 1 primary shards are missing"):
        check_writable(url_with_index, "images", options=SHORT_TIMEOUTS)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (greeting("8.15.0"), "not an OpenSearch server: it is Elasticsearch 8.15.0"),
        (greeting("7.10.2"), "not an OpenSearch server: it is Elasticsearch 7.10.2"),
        (greeting("2.15.0", distribution="opensearch"), r"is 2\.15\.0; lookalike needs 2\.16 or later"),
        (greeting("1.3.20", distribution="opensearch"), r"is 1\.3\.20; lookalike needs"),
        ("{}", "not an OpenSearch server: it is another kind"),
        ("[]", "not an OpenSearch server: it is another kind"),
        ("<html>hello</html>", "not an OpenSearch server: it is another kind"),
    ],
)
def test_another_kind_of_server_and_an_old_version_are_rejected(text: str, named: str) -> None:
    with StubHttpServer(text, "text/html" if text.startswith("<") else "application/json") as server:
        with pytest.raises(UnsupportedService, match=named):
            check_location(server.url)
        with pytest.raises(UnsupportedService, match=named):
            check_writable(server.url, "images")


@pytest.mark.parametrize("number", ["2.16.0", "3.6.0", "3.7.0-SNAPSHOT", "7.10.2"])
def test_a_supported_version_and_compatibility_mode_are_accepted(number: str) -> None:
    with StubHttpServer(greeting(number, distribution="opensearch")) as server:
        check_location(server.url)


def test_an_address_without_a_server_is_unavailable() -> None:
    with pytest.raises(IndexUnavailable, match=r"is not available: \[Errno 111\] Connection refused\.\n"):
        check_location(f"http://127.0.0.1:{free_port()}")
    # Some resolvers say more than others.
    with pytest.raises(IndexUnavailable, match=r"Failed to resolve 'name\.invalid' \(\[Errno -\d\] [^()]+\)\.\n"):
        check_location("http://name.invalid:9200")


def test_a_folder_is_writable_and_has_no_server_to_inspect(tmp_path: object) -> None:
    assert check_writable(f"lancedb://{tmp_path}/index", "images") == []
    assert inspect(f"lancedb://{tmp_path}/index", "images") is None
