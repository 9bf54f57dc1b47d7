"""Recall of HNSW with default settings compared with exact search, on synthetic clustered vectors in a real OpenSearch,
and recall of filtered searches on both indexes.

`lookalike evaluate --index-sweep` measures other settings, on your own images.
"""

import os
from collections.abc import Iterable

from benchmarks.filtered_recall import Measured, measure
from benchmarks.table import console
from lookalike.index import IndexOptions
from lookalike_evaluation.split import Split
from lookalike_evaluation.summary import Summary, summarize
from lookalike_evaluation.synthetic import clustered
from lookalike_evaluation.temporary import temporary_index
from lookalike_evaluation.trial import ask, documents_of, fill
from testing.services.opensearch import OpenSearchServer

VECTORS = int(os.environ.get("LOOKALIKE_RECALL_VECTORS", "100000"))
QUERIES = 500
K = 10
HEAP_MIB = 2048
FILTERED_QUERIES = 200
#: `faiss` needs a node with its native library, which the packages of Maven lack.
ENGINES = os.environ.get("LOOKALIKE_RECALL_ENGINES", "lucene").split(",")
#: Of this kind; the place is a temporary one.
LANCEDB = "lancedb:///temporary"


def main() -> None:
    with OpenSearchServer(HEAP_MIB) as server:
        summary = measured(server.url)
        console.print(f"{described(summary)}; search p50 {summary.p50_ms:.1f} ms, p99 {summary.p99_ms:.1f} ms\n")
        for engine in ENGINES:
            show(f"OpenSearch, {engine}", measure(server.url, IndexOptions(engine=engine), VECTORS, FILTERED_QUERIES))
    show("LanceDB", measure(LANCEDB, IndexOptions(), VECTORS, FILTERED_QUERIES))


def show(index: str, results: Iterable[Measured]) -> None:
    """Print the recall of an index under each filter."""
    console.print(f"{index}: recall@{K} of filtered searches among {VECTORS:,} vectors")
    for item in results:
        what = f"{item.kind:6} {item.share:6.1%}: {item.recall:.4f}"
        console.print(f"  {what}; search p50 {item.p50_ms:.1f} ms, p99 {item.p99_ms:.1f} ms")
    console.print()


def measured(url: str) -> Summary:
    """Measure recall on a temporary index of the OpenSearch at this URL."""
    candidate = clustered(VECTORS + QUERIES)
    split = Split(0, tuple(range(VECTORS)), tuple(range(VECTORS, VECTORS + QUERIES)))
    model, vectors = candidate.vectors_for(split)
    with temporary_index(url, IndexOptions()) as index:
        fill(index, model, documents_of(candidate, split, model, vectors))
        return summarize(candidate, [ask(index, candidate, split, vectors, k=K, size=K)], K)


def described(summary: Summary) -> str:
    what = f"{VECTORS:,} synthetic clustered vectors, {QUERIES} queries, HNSW with default settings"
    return f"recall@{K}, {what}: {summary.figures.recall_vs_exact:.4f}"
