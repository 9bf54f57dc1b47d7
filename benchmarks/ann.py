"""The embedded index with and without its ANN index: loads, and searches of one client; both sides in each round.

A load is writes of synthetic clustered vectors, 500 per call from two threads, and the end of the load; generating them
is not counted. It costs no embedding, so that the ANN index weighs more than in a real ingest. Recall is measured
against NumPy.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.scale.nearest import Nearest
from benchmarks.scale.vectors import BUILD_LIMIT_S, MOST_REPEATED, K, ask, insert, queries, true_neighbours
from benchmarks.table import console, print_rates
from lookalike.index import IndexOptions, open_index
from lookalike.records import Vectors
from lookalike_evaluation.synthetic import synthetic_model

VECTORS = int(os.environ.get("LOOKALIKE_ANN_VECTORS", "100000"))
#: More vectors than 100,000 are written in one round only.
ROUNDS = int(os.environ.get("LOOKALIKE_ROUNDS", "3")) if VECTORS <= MOST_REPEATED else 1
#: Exact searches are slow.
QUERIES = 200
WARM = 10
WITHOUT, WITH = "exact", "ANN"
#: Of searches by the ANN index: milliseconds for up to 100,000 vectors, and for more.
BARS_MS = (6.0, 12.0)
LEAST_RECALL = 0.98
#: Seconds of a load with the ANN index by those of one without.
MOST_LOAD = 1.5


@dataclass
class Side:
    """One figure a round: seconds of the load, percentiles of the searches in milliseconds, and recall@10."""

    load_s: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)


def main() -> None:
    asked = queries(VECTORS)[:QUERIES]
    truth = true_neighbours(asked, VECTORS)
    sides = {WITHOUT: Side(), WITH: Side()}
    for number in range(ROUNDS):
        # In alternating order, because the machine may be slower at one time than at another.
        for name in list(sides)[:: -1 if number % 2 else 1]:
            with tempfile.TemporaryDirectory() as folder:
                _measure(sides[name], Path(folder), name, asked, truth)
    _print(sides)


def _measure(side: Side, folder: Path, name: str, asked: Vectors, truth: Nearest) -> None:
    """Load one index and search it."""
    options = IndexOptions(ann_rows=1 if name == WITH else VECTORS + 1)
    with closing(open_index(f"lancedb://{folder}", "ann", options=options)) as index:
        index.ensure(synthetic_model())
        insert_s = insert(index, VECTORS)
        began = time.perf_counter()
        index.build_ann(BUILD_LIMIT_S)
        side.load_s.append(insert_s + time.perf_counter() - began)
        took_ms, found = ask(index, asked, warm=WARM)
    p50_ms, p99_ms = np.percentile(took_ms, (50, 99))
    side.p50_ms.append(float(p50_ms))
    side.p99_ms.append(float(p99_ms))
    side.recall.append(truth.recall(found))


def _print(sides: dict[str, Side]) -> None:
    what = f"{VECTORS:,} vectors of an embedded index"
    print_rates(f"Load of {what}", "s", {name: side.load_s for name, side in sides.items()}, WITHOUT)
    print_rates(f"Search p50, k = {K}, {what}", "ms", {name: side.p50_ms for name, side in sides.items()}, WITHOUT)
    print_rates(f"Search p99, k = {K}, {what}", "ms", {name: side.p99_ms for name, side in sides.items()}, WITHOUT)
    ours = sides[WITH]
    _bar(f"recall@{K}", ours.recall, f"{LEAST_RECALL} or more")
    _bar("search p50, ms", ours.p50_ms, f"{BARS_MS[VECTORS > MOST_REPEATED]} or less")
    loads = [one / other for one, other in zip(ours.load_s, sides[WITHOUT].load_s, strict=True)]
    _bar("load with the ANN index, times the load without", loads, f"{MOST_LOAD} or less")


def _bar(what: str, values: Sequence[float], bar: str) -> None:
    console.print(f"{what}: {median(values):.3f} ({min(values):.3f} to {max(values):.3f}); bar: {bar}")
