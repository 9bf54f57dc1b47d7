"""Retries while the index is away: a real OpenSearch behind a proxy that refuses connections."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lookalike import factories
from lookalike.errors import IndexUnavailable
from lookalike.index import Index, IndexOptions, open_index
from lookalike.index.annotation import Annotated, Annotation
from lookalike.ledger import Job
from lookalike.metadata import Fields
from lookalike.records import Document, Rejected, Stored
from lookalike.settings import read_settings
from lookalike_worker.context import WorkerContext
from lookalike_worker.retrying_index import RetryingIndex
from testing.processes import await_true
from testing.proxy import Proxy
from tests.index.documents import COSINE, documents


class Counted:
    """An index that counts its calls."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.calls = 0

    def fields(self) -> Fields:
        self.calls += 1
        return self._index.fields()

    def stored(self, ids: Sequence[str]) -> Mapping[str, Stored]:
        self.calls += 1
        return self._index.stored(ids)

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        self.calls += 1
        return self._index.write(documents)

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        self.calls += 1
        return self._index.annotate(annotations)

    def discard(self, documents: Mapping[str, Stored]) -> None:
        self.calls += 1
        self._index.discard(documents)


@pytest.fixture
def network(opensearch_url: str) -> Iterator[Proxy]:
    at = urlsplit(opensearch_url)
    assert at.hostname and at.port
    with Proxy(at.hostname, at.port) as proxy:
        yield proxy


@pytest.fixture
def index(network: Proxy) -> Iterator[Counted]:
    """An index that does not retry by itself."""
    with closing(open_index(f"http://127.0.0.1:{network.port}", "images", options=IndexOptions(retry_s=0))) as opened:
        opened.ensure(COSINE)
        yield Counted(opened)


def test_a_call_is_retried_until_the_index_is_back(network: Proxy, index: Counted) -> None:
    written = documents(2)
    network.refuse()
    with ThreadPoolExecutor(1) as chunk:
        writing = chunk.submit(RetryingIndex(index, 60).write, written)
        await_true(lambda: index.calls == 2)
        network.heal()
        assert writing.result() == []
    assert set(RetryingIndex(index, 60).stored([each.id for each in written])) == {each.id for each in written}


def test_opening_an_index_that_is_away_is_retried(
    network: Proxy, index: Counted, redis_url: str, tmp_path: Path
) -> None:
    class Watched(WorkerContext):
        opened = 0

        def index(self, job: Job) -> Index:
            self.opened += 1
            return super().index(job)

    settings = read_settings(home=tmp_path, index_url=f"http://127.0.0.1:{network.port}")
    bench = Watched(settings, redis_url)
    about: dict[str, Any] = {"source": "s", "index": "images", "index_address": settings.index_address, "model": COSINE}
    job = bench.ledger.job(bench.ledger.open_job(**about, spec="{}"))
    network.refuse()
    with ThreadPoolExecutor(1) as chunk:
        opening = chunk.submit(bench.chunk_index, job)
        await_true(lambda: bench.opened == 2)
        network.heal()
        assert opening.result().stored(["x"]) == {}
    bench.ledger.close()


@pytest.mark.parametrize(("time_limit_s", "retry_s", "timeout_s"), [(240, 20, 60), (12, 2, 3)])
def test_a_chunk_can_wait_twice_within_its_time_limit(time_limit_s: int, retry_s: float, timeout_s: float) -> None:
    options = factories.index_options(read_settings(time_limit_s=time_limit_s))
    assert (options.retry_s, options.timeout_s) == (retry_s, timeout_s)


@pytest.mark.parametrize("call", ["stored", "write"])
def test_a_network_that_swallows_everything_is_noticed_within_the_time_limit_and_left_behind(
    network: Proxy, index: Counted, redis_url: str, tmp_path: Path, call: str
) -> None:
    settings = read_settings(home=tmp_path, index_url=f"http://127.0.0.1:{network.port}", time_limit_s=6)
    context = WorkerContext(settings, redis_url)
    about: dict[str, Any] = {"source": "s", "index": "images", "index_address": settings.index_address, "model": COSINE}
    chunk_index = context.chunk_index(context.ledger.job(context.ledger.open_job(**about, spec="{}")))
    calls: dict[str, Callable[[], object]] = {
        "stored": lambda: chunk_index.stored(["x"]),
        "write": lambda: chunk_index.write(documents(2)),
    }
    calls[call]()
    network.black_hole()
    began = time.monotonic()
    with pytest.raises(IndexUnavailable, match="no response within the timeout"):
        calls[call]()
    assert time.monotonic() - began < settings.time_limit_s
    network.heal()
    calls[call]()
    assert chunk_index.write(documents(3)) == []
    context.ledger.close()


def test_retries_end_when_the_index_stays_away(network: Proxy, index: Counted) -> None:
    network.refuse()
    with pytest.raises(IndexUnavailable):
        RetryingIndex(index, retry_s=0).stored(["x"])
    assert index.calls == 1
