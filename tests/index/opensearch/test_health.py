"""An OpenSearch that cannot hold our index, or take writes now, is told from one that can, and with what to do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lookalike.errors import DiskFull, IndexUnavailable, UnsupportedService
from lookalike.index import IndexOptions, check_place, check_writable, inspect, open_index
from testing.services.opensearch import request
from testing.services.ports import free_port
from testing.services.stub_servers import StubHttpServer
from tests.index.documents import COSINE

BLOCKS = ("cluster.blocks.read_only", "cluster.blocks.read_only_allow_delete")


def greeting(number: str, **version: str) -> str:
    return json.dumps({"name": "n", "version": {"number": number, **version}, "tagline": "t"})


@pytest.fixture
def made(opensearch_url: str) -> str:
    """The URL of an OpenSearch that holds an empty index `images`."""
    open_index(opensearch_url, "images").ensure(COSINE)
    return opensearch_url


@contextmanager
def blocked(url: str, name: str) -> Iterator[None]:
    try:
        request(url, "PUT", "/_cluster/settings", {"transient": {name: True}})
        yield
    finally:
        # Alone: of a cluster that is read-only no other setting can be changed.
        request(url, "PUT", "/_cluster/settings", {"transient": {name: None}})


def test_an_opensearch_as_it_should_be_gives_no_concern(made: str) -> None:
    check_place(made)
    assert check_writable(made, "images") == check_writable(made, "still-to-be-made") == []


def test_it_is_inspected_in_two_lines(made: str) -> None:
    told = inspect(made, "images", options=IndexOptions())
    assert told is not None and told.diagnostics == ()
    assert told.server.startswith("OpenSearch ") and "GiB free" in told.server
    assert told.index.startswith("images-v1, lucene, ") and "green" in told.index
    assert told.skew_s is not None and abs(told.skew_s) < 2
    absent = inspect(made, "still-to-be-made")
    assert absent is not None and absent.index == ""


def test_an_engine_that_was_never_used_is_looked_at_and_not_tried(made: str) -> None:
    told = inspect(made, "images", options=IndexOptions(engine="faiss"))
    assert told is not None and "LOOKALIKE_ENGINE=lucene" in told.diagnostics[0].advice
    check_place(made)


def test_an_index_that_a_full_disk_made_read_only_is_refused(made: str) -> None:
    request(made, "PUT", "/images-v1/_settings", {"index.blocks.read_only_allow_delete": True})
    with pytest.raises(DiskFull, match=r"images-v1 .*flood-stage") as error:
        check_writable(made, "images")
    assert "read_only_allow_delete" in str(error.value)


@pytest.mark.parametrize("block", ["index.blocks.write", "index.blocks.read_only"])
def test_an_index_that_somebody_closed_to_writes_is_refused(made: str, block: str) -> None:
    request(made, "PUT", "/images-v1/_settings", {block: True})
    try:
        with pytest.raises(UnsupportedService, match=r"images-v1 .*does not accept writes"):
            check_writable(made, "images")
    finally:
        request(made, "PUT", "/images-v1/_settings", {block: None})


@pytest.mark.parametrize("block", BLOCKS)
def test_a_cluster_that_is_read_only_is_refused_though_the_index_is_still_to_be_made(
    opensearch_url: str, block: str
) -> None:
    with blocked(opensearch_url, block), pytest.raises(UnsupportedService, match="does not accept writes") as error:
        check_writable(opensearch_url, "still-to-be-made")
    assert block in str(error.value)
    check_place(opensearch_url)


def test_replicas_without_a_place_are_looked_at(opensearch_url: str) -> None:
    # As many as no cluster of a test has nodes.
    open_index(opensearch_url, "images", options=IndexOptions(replicas=9)).ensure(COSINE)
    (concern,) = check_writable(opensearch_url, "images")
    assert "images-v1 is yellow: " in concern.what and "number_of_replicas" in concern.advice


def test_an_index_whose_shards_are_away_is_refused(opensearch_url: str) -> None:
    nowhere = {"index.routing.allocation.require._name": "nobody", "index.number_of_replicas": 0}
    request(
        opensearch_url, "PUT", "/images-v1?wait_for_active_shards=0", {"settings": nowhere, "aliases": {"images": {}}}
    )
    with pytest.raises(UnsupportedService, match=r"images-v1 .*is red: 1 of its 1 primary shards"):
        check_writable(opensearch_url, "images")


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
def test_another_maker_and_an_old_version_are_refused_by_name(text: str, named: str) -> None:
    with StubHttpServer(text, "text/html" if text.startswith("<") else "application/json") as server:
        with pytest.raises(UnsupportedService, match=named):
            check_place(server.url)
        with pytest.raises(UnsupportedService, match=named):
            check_writable(server.url, "images")


@pytest.mark.parametrize("number", ["2.16.0", "3.6.0", "3.7.0-SNAPSHOT", "7.10.2"])
def test_a_version_that_we_know_and_one_in_disguise_are_taken(number: str) -> None:
    with StubHttpServer(greeting(number, distribution="opensearch")) as server:
        check_place(server.url)


def test_an_absent_index_is_away_and_not_unfit() -> None:
    with pytest.raises(IndexUnavailable):
        check_place(f"http://127.0.0.1:{free_port()}")


def test_a_folder_is_written_into_before_the_work(tmp_path: object) -> None:
    assert check_writable(f"lancedb://{tmp_path}/index", "images") == []
    assert inspect(f"lancedb://{tmp_path}/index", "images") is None
