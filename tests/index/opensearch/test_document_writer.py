"""How vectors are sent: as base64 to a server that reads it, as numbers to all others."""

from collections.abc import Iterator

import numpy as np
import pytest

from lookalike.index import Index, open_index
from lookalike.index.opensearch.index import OpenSearchIndex
from tests.index.conftest import SHORT_TIMEOUTS
from tests.index.documents import COSINE, clustered_vectors, document, documents
from tests.index.opensearch.overloaded_proxy import OverloadedProxy, overloaded_proxy

NUMBERS = b'"image_embedding":['
BASE64 = b'"image_embedding":"'


@pytest.fixture
def proxy(opensearch_url: str) -> Iterator[OverloadedProxy]:
    with overloaded_proxy(opensearch_url) as server:
        server.version = "3.8.0"
        yield server


@pytest.fixture
def index(proxy: OverloadedProxy) -> Iterator[Index]:
    """An empty index behind the proxy."""
    index = open_index(proxy.url, "images", options=SHORT_TIMEOUTS)
    index.ensure(COSINE)
    yield index
    index.close()


def test_vectors_in_base64_are_stored_and_found(index: Index, proxy: OverloadedProxy) -> None:
    proxy.reads_base64 = True
    written = documents(20)
    assert index.write(written[:10]) == index.write(written[10:]) == []
    assert [BASE64 in body and NUMBERS not in body for body in proxy.bulk_bodies] == [True, True]
    index.refresh()
    for each in written:
        assert index.search(each.image_embedding, 1)[0].id == each.id
        found = index.get(each.id)
        assert found is not None
        np.testing.assert_array_equal(found.image_embedding, each.image_embedding)


@pytest.mark.parametrize("count", [1, 3])
def test_a_node_that_cannot_read_base64_gets_numbers_and_no_image_is_rejected(
    index: Index, proxy: OverloadedProxy, count: int
) -> None:
    assert index.write(documents(count)) == []
    assert index.write(documents(5)[count:]) == []
    assert [BASE64 in body for body in proxy.bulk_bodies] == [True, False, False]
    index.refresh()
    assert index.count() == 5


def test_a_document_that_the_server_rejects_either_way_does_not_end_the_use_of_base64(
    index: Index, proxy: OverloadedProxy
) -> None:
    proxy.reads_base64 = True
    endless = document("/" + "x" * 40_000, clustered_vectors(1)[0])
    (rejected,) = index.write([*documents(3), endless])
    assert rejected.uri == endless.uri and "32766" in rejected.detail
    assert index.write(documents(4)[3:]) == []
    assert [BASE64 in body for body in proxy.bulk_bodies] == [True, False, True]
    index.refresh()
    assert index.count() == 4


def test_some_documents_that_the_server_rejects_for_one_reason_do_not_stop_the_others(
    index: Index, proxy: OverloadedProxy
) -> None:
    proxy.reads_base64, proxy.refused = True, b'"odd"'
    rejected = index.write(documents(6))
    assert [each.uri for each in rejected] == [f"/photos/{number}.jpg" for number in (1, 3, 5)]
    assert all("of no use" in each.detail for each in rejected)
    index.refresh()
    assert index.count() == 3


@pytest.mark.parametrize("version", ["3.8.0", "3.7.0"])
def test_the_encoder_makes_what_is_sent(index: Index, proxy: OverloadedProxy, version: str) -> None:
    proxy.version, proxy.reads_base64 = version, True
    assert isinstance(index, OpenSearchIndex)
    encode, written = index.encoder(), documents(2)
    assert index.write(written) == []
    assert proxy.bulk_bodies == [encode(written)]
    assert (BASE64 in proxy.bulk_bodies[0]) == (version == "3.8.0")


@pytest.mark.parametrize("version", ["3.7.0", "7.10.2"])
def test_an_older_server_is_never_sent_base64(index: Index, proxy: OverloadedProxy, version: str) -> None:
    proxy.version = version
    assert index.write(documents(2)) == []
    assert [NUMBERS in body for body in proxy.bulk_bodies] == [True]
