"""An index with more and more synthetic vectors: insert rate, search latency of one client, recall and size."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale.nearest import Nearest
from benchmarks.vectors import WRITE_SIZE, await_merged
from lookalike.index import Index, list_indexes, open_index
from lookalike.records import Document, Vectors
from lookalike_evaluation.synthetic import clustered_parts, synthetic_model
from testing.services.opensearch import OpenSearchServer

OPENSEARCH = "OpenSearch"
LANCEDB = "LanceDB"
#: More vectors than this are written in one round only.
MOST_REPEATED = 100_000
#: Concurrent writers: the number of worker processes on two cores.
WRITERS = 2
#: Vectors in memory at the same time.
PART_SIZE = 10_000
QUERIES = 1000
#: Searches before the timed ones.
WARM_QUERIES = 100
K = 10
HEAP_MIB = 2048
#: For the ANN index of LanceDB.
BUILD_LIMIT_S = 3600.0


@dataclass(frozen=True)
class Filled:
    """The figures of one index. `insert_rate` is without `merge_s`: how long the server merged after the load, or how
    long LanceDB built its ANN index."""

    insert_rate: float
    merge_s: float
    p50_ms: float
    p99_ms: float
    recall: float
    size_bytes: int


#: By engine and number of vectors.
Runs = dict[tuple[str, int], list[Filled]]


def measured(sizes: Sequence[int], rounds: int) -> Runs:
    """Measure each size in each engine, round by round. Raises ServiceMissing, StartFailed."""
    runs: Runs = {(engine, size): [] for engine in (OPENSEARCH, LANCEDB) for size in sizes}
    with ExitStack() as ending:
        folder = ending.enter_context(tempfile.TemporaryDirectory())
        server = ending.enter_context(OpenSearchServer(HEAP_MIB))
        urls = {OPENSEARCH: server.url, LANCEDB: f"lancedb://{folder}/index"}
        for url in urls.values():
            # A warm-up: a new server is slow until its code is compiled.
            _run(url, min(sizes))
        for number in range(rounds):
            for (engine, size), filled in runs.items():
                if number == 0 or size <= MOST_REPEATED:
                    filled.append(_run(urls[engine], size))
    return runs


def _run(url: str, size: int) -> Filled:
    index = open_index(url, "scale")
    index.ensure(synthetic_model())
    index.begin_load()
    insert_s = insert(index, size)
    merge_s = _merged(url, index)
    assert index.count() == size
    (size_bytes,) = (info.size_bytes for info in list_indexes(url) if info.name == index.name)
    asked = queries(size)
    took_ms, found = ask(index, asked)
    recall = true_neighbours(asked, size).recall(found)
    index.drop()
    index.close()
    p50_ms, p99_ms = np.percentile(took_ms, (50, 99))
    return Filled(size / insert_s, merge_s, float(p50_ms), float(p99_ms), recall, size_bytes)


def insert(index: Index, count: int, *, size: int = WRITE_SIZE, writers: int = WRITERS) -> float:
    """Seconds of the writes and of ending the load, without the time to generate vectors."""
    seconds = 0.0
    with ThreadPoolExecutor(writers) as pool:
        for part in _stored(count):
            began = time.perf_counter()
            pieces = [part[start : start + size] for start in range(0, len(part), size)]
            assert not any(pool.map(index.write, pieces)), "a vector was rejected"
            seconds += time.perf_counter() - began
    began = time.perf_counter()
    index.end_load()
    return seconds + time.perf_counter() - began


def _merged(url: str, index: Index) -> float:
    """Wait until the server is idle, or the ANN index is built; returns the seconds that this took."""
    if not url.startswith("lancedb"):
        return await_merged(url)
    began = time.perf_counter()
    index.build_ann(BUILD_LIMIT_S)
    return time.perf_counter() - began


def ask(
    index: Index, asked: Vectors, *, exact: bool = False, warm: int = WARM_QUERIES
) -> tuple[list[float], list[set[int]]]:
    """Milliseconds of each search, one after the other, and the numbers of the vectors that it found. The first `warm`
    queries are asked before as well."""
    # Like the query service: without a fingerprint, each search would also read the mapping.
    model = synthetic_model().fingerprint
    for query in asked[:warm]:
        index.search(query, K, fingerprint=model, exact=exact)
    took_ms, found = [], []
    for query in asked:
        began = time.perf_counter()
        matches = index.search(query, K, fingerprint=model, exact=exact)
        took_ms.append((time.perf_counter() - began) * 1000)
        found.append({_number(match.uri) for match in matches})
    return took_ms, found


def true_neighbours(asked: Vectors, size: int) -> Nearest:
    """The true neighbours of the queries among `size` stored vectors."""
    nearest = Nearest(asked, K)
    for part in _stored(size):
        nearest.add(_vectors(part), _numbers(part))
    return nearest


def _stored(size: int) -> Iterator[list[Document]]:
    """The stored vectors, part by part: all parts but the first, which contains the queries."""
    return islice(clustered_parts(PART_SIZE + size, PART_SIZE), 1, None)


def queries(size: int) -> Vectors:
    """Queries from the same clusters as the stored vectors, but not stored themselves."""
    return _vectors(next(clustered_parts(PART_SIZE + size, PART_SIZE))[:QUERIES])


def _vectors(documents: Sequence[Document]) -> Vectors:
    return np.stack([document.image_embedding for document in documents])


def _numbers(documents: Sequence[Document]) -> NDArray[np.int64]:
    return np.array([_number(document.uri) for document in documents], np.int64)


def _number(uri: str) -> int:
    return int(uri.rpartition("/")[2])
