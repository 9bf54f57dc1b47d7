"""Loads of synthetic vectors into OpenSearch: quantizations compared, and settings that may raise the insert rate.

A load counts until bulk-load mode has ended, with the merges that the server still runs then: a setting that only puts
merges off gains nothing. Every side has its turn in each round.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import median
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.scale import vectors
from benchmarks.scale.nearest import Nearest
from benchmarks.table import console, print_rates
from benchmarks.vectors import WRITE_SIZE, await_merged
from lookalike.index import IndexOptions, backend_of, list_indexes, open_index
from lookalike.index.opensearch import mapping, server_version
from lookalike.index.opensearch.vector_field import ENGINES
from lookalike.records import Vectors
from lookalike_evaluation.synthetic import DIMENSION, synthetic_model
from testing.services.opensearch import OpenSearchServer, request

VECTORS = int(os.environ.get("LOOKALIKE_LOAD_VECTORS", "100000"))
ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "3"))
#: Names of sides, separated by semicolons; the first one is the baseline.
CHOSEN = os.environ.get("LOOKALIKE_LOAD_SIDES", "")
EF_SEARCHES = tuple(int(word) for word in os.environ.get("LOOKALIKE_LOAD_EF_SEARCHES", "100,300").split(","))
#: How an index of one bit reads its files. A server made of Maven's packages lacks the native library that compares
#: such vectors in mapped files, and exits; with the library, `hybridfs` (OpenSearch's default) is faster.
STORE = {"index.store.type": os.environ.get("LOOKALIKE_LOAD_STORE", "niofs")}
INDEX = "loads"
WARM_UP = 10_000
FLOAT_BITS = 32


@dataclass(frozen=True)
class Side:
    """How an index is created, with settings of its own and with fields that it only keeps."""

    options: IndexOptions = field(default_factory=IndexOptions)
    settings: Mapping[str, Any] = field(default_factory=dict)
    kept: Sequence[str] = ()
    #: Documents per request, and requests at once.
    size: int = WRITE_SIZE
    writers: int = vectors.WRITERS


@dataclass(frozen=True)
class Load:
    """One load: vectors per second with the merges, CPU microseconds of the server per vector, and its searches."""

    rate: float
    merged_rate: float
    server_us: float
    size_bytes: int
    searches: tuple["Searched", ...]


@dataclass(frozen=True)
class Searched:
    ef_search: int
    p50_ms: float
    p99_ms: float
    recall: float


#: The first ones compare what is stored, the others how it is written.
SIDES: dict[str, Side] = {
    "float32": Side(),
    "byte": Side(IndexOptions(quantization="byte")),
    "bit": Side(IndexOptions(quantization="bit"), STORE),
    "flat": Side(IndexOptions(quantization="flat"), STORE),
    "64 a request": Side(size=64),
    "2,000 a request": Side(size=2000),
    "1 writer": Side(writers=1),
    "4 writers": Side(writers=4),
    "translog flushed at 4 GB": Side(settings={"index.translog.flush_threshold_size": "4gb"}),
    "20 segments a tier": Side(settings={"index.merge.policy.segments_per_tier": 20}),
    "merges of 30 segments": Side(settings={"index.merge.policy.max_merge_at_once": 30}),
    "floor of 64 MB": Side(settings={"index.merge.policy.floor_segment": "64mb"}),
    "2 merges at once": Side(settings={"index.merge.scheduler.max_thread_count": 2}),
    "no merges": Side(settings={"index.merge.policy.segments_per_tier": 1000}),
    "source kept whole": Side(settings={"index.knn.derived_source.enabled": False}),
    "translog not synced": Side(settings={"index.translog.durability": "async"}),
    "fields only kept": Side(kept=("content_sha256", "width", "height", "model", "chunk", "ingested_at")),
    "ef_construction 64": Side(IndexOptions(ef_construction=64)),
    "m 8": Side(IndexOptions(m=8)),
}
DEFAULT = ("float32", "byte", "bit", "flat")


def main() -> None:
    names = [name.strip() for name in CHOSEN.split(";") if name.strip()] or list(DEFAULT)
    loads: dict[str, list[Load]] = {name: [] for name in names}
    with OpenSearchServer(vectors.HEAP_MIB) as server:
        # A new server is slow until its code is compiled.
        _load(server.url, Side(), WARM_UP)
        for number in range(ROUNDS):
            for name in names[:: 1 if number % 2 == 0 else -1]:
                loads[name].append(_load(server.url, SIDES[name], VECTORS))
                console.print(f"{name}: {loads[name][-1]}", markup=False)
    _print(loads, names[0])


def _load(url: str, side: Side, count: int) -> Load:
    _create(url, side)
    index = open_index(url, INDEX, options=side.options)
    clock = backend_of(url).cpu_clock(url, side.options)
    with clock as server_clock:
        assert server_clock is not None, "the server runs on another machine"
        before_s = server_clock.cpu_s() or 0.0
        index.begin_load()
        seconds = vectors.insert(index, count, size=side.size, writers=side.writers)
        merge_s = await_merged(url)
        server_s = (server_clock.cpu_s() or 0.0) - before_s
    assert index.count() == count
    (size_bytes,) = (info.size_bytes for info in list_indexes(url) if info.name == INDEX)
    searches = tuple(_search(url, replace(side.options, ef_search=ef), count) for ef in EF_SEARCHES)
    index.drop()
    index.close()
    return Load(count / seconds, count / (seconds + merge_s), server_s / count * 1e6, size_bytes, searches)


def _create(url: str, side: Side) -> None:
    """Create the index as lookalike does, but for what the side changes. Some of it cannot be changed later."""
    number = server_version.parsed(request(url, "GET", "/")["version"]["number"])
    body = mapping.definition(synthetic_model(), side.options, number) | {"aliases": {INDEX: {}}}
    body["settings"] |= side.settings
    for name in side.kept:
        body["mappings"]["properties"][name] |= {"index": False, "doc_values": False}
    request(url, "PUT", f"/{INDEX}-v1", body)


def _search(url: str, options: IndexOptions, count: int) -> Searched:
    index = open_index(url, INDEX, options=options)
    queries, nearest = _asked(count)
    took_ms, found = vectors.ask(index, queries)
    index.close()
    p50_ms, p99_ms = np.percentile(took_ms, (50, 99))
    return Searched(options.ef_search, float(p50_ms), float(p99_ms), nearest.recall(found))


@cache
def _asked(count: int) -> tuple[Vectors, Nearest]:
    """The queries, and what they must find among so many vectors."""
    queries = vectors.queries(count)
    return queries, vectors.true_neighbours(queries, count)


def memory_bytes(options: IndexOptions) -> float:
    """Of one vector in memory, by OpenSearch's formula for a graph: 1.1 (bytes of the vector + 8 m). See scale.md."""
    bits = ENGINES[options.engine].get(options.quantization, FLOAT_BITS)
    links = 0 if options.quantization == "flat" else 8 * options.m
    # Seven bits take a byte.
    return 1.1 * (DIMENSION * (8 if bits == 7 else bits) / 8 + links)


def _print(loads: Mapping[str, Sequence[Load]], baseline: str) -> None:
    for what, unit in (("rate", "vectors/s"), ("merged_rate", "vectors/s"), ("server_us", "µs/vector")):
        sides = {name: [getattr(load, what) for load in each] for name, each in loads.items()}
        title = {"rate": "inserted", "merged_rate": "inserted and merged", "server_us": "CPU of the server"}[what]
        print_rates(f"OpenSearch, {VECTORS:,} vectors: {title}", unit, sides, baseline=baseline)
    table = Table(
        title=f"OpenSearch, {VECTORS:,} vectors: searches", box=None, title_justify="left", title_style="bold"
    )
    for column in ("", "ef_search", "p50, ms", "p99, ms", f"recall@{vectors.K}", "bytes in memory", "bytes on disk"):
        table.add_column(column, justify="left" if not column else "right")
    for name, each in loads.items():
        for runs in zip(*(load.searches for load in each), strict=True):
            table.add_row(
                name,
                str(runs[0].ef_search),
                f"{median(run.p50_ms for run in runs):.1f}",
                f"{median(run.p99_ms for run in runs):.1f}",
                f"{median(run.recall for run in runs):.4f}",
                f"{memory_bytes(SIDES[name].options):,.0f}",
                f"{median(load.size_bytes for load in each) / VECTORS:,.0f}",
            )
    console.print(table)
