"""An index that is away for a while, as a chunk sees it: a real OpenSearch behind a proxy that refuses."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from lookalike.errors import IndexUnavailable
from lookalike.index import Index, IndexOptions, open_index
from lookalike.records import Document, Rejected, Stored
from tests.faults.proxy import Proxy
from tests.index.documents import COSINE, documents
from tests.running import await_true
from worker.shelf import PatientShelf


class Counted:
    """An index that counts how often it is asked."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.asked = 0

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]:
        self.asked += 1
        return self._index.stored(ids)

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        self.asked += 1
        return self._index.write(documents)


@pytest.fixture
def network(opensearch_url: str) -> Iterator[Proxy]:
    at = urlsplit(opensearch_url)
    assert at.hostname and at.port
    with Proxy(at.hostname, at.port) as proxy:
        yield proxy


@pytest.fixture
def index(network: Proxy) -> Iterator[Counted]:
    """Without patience of its own."""
    with closing(
        open_index(f"http://127.0.0.1:{network.port}", "images", options=IndexOptions(patience_s=0))
    ) as opened:
        opened.ensure(COSINE)
        yield Counted(opened)


def test_an_index_that_comes_back_is_asked_again_in_place(network: Proxy, index: Counted) -> None:
    written = documents(2)
    network.refuse()
    with ThreadPoolExecutor(1) as chunk:
        writing = chunk.submit(PatientShelf(index).write, written)
        await_true(lambda: index.asked == 2)
        network.heal()
        assert writing.result() == []
    assert set(PatientShelf(index).stored([each.id for each in written])) == {each.id for each in written}


def test_an_index_that_stays_away_is_given_up_on(network: Proxy, index: Counted) -> None:
    network.refuse()
    with pytest.raises(IndexUnavailable):
        PatientShelf(index, patience_s=0).stored(["x"])
    assert index.asked == 1
