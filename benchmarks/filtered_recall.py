"""Recall of filtered searches compared with exact search among the documents that meet the filter.

A filter of the kind `spread` keeps documents of every cluster; one of the kind `apart` keeps whole clusters, so that
the nearest documents of most queries are far away, which is the hard case for a graph.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lookalike.index import Index, IndexOptions
from lookalike.records import Document, Vectors
from lookalike_evaluation.synthetic import clustered
from lookalike_evaluation.temporary import temporary_index
from lookalike_evaluation.trial import fill

K = 10
#: The shares of the documents that filters keep.
SHARES = (0.5, 0.1, 0.01, 0.001)
CLUSTERS = 1000
KINDS = ("spread", "apart")


@dataclass(frozen=True)
class Measured:
    """One filter: recall@10, and the times of its searches."""

    kind: str
    share: float
    recall: float
    p50_ms: float
    p99_ms: float


def measure(url: str, options: IndexOptions, vectors: int, queries: int) -> Iterator[Measured]:
    """Fill a temporary index with `vectors` documents, and search it under each filter."""
    candidate = clustered(vectors + queries, clusters=CLUSTERS)
    stored = _with_metadata(candidate.documents[:vectors])
    asked = np.stack([document.image_embedding for document in candidate.documents[vectors:]])
    with temporary_index(url, options) as index:
        fill(index, candidate.model, stored)
        # In one segment, where the graph is largest and its recall lowest.
        list(index.optimize())
        for kind in KINDS:
            for share in SHARES:
                yield _measured(index, stored, asked, kind, share)


def _with_metadata(documents: Sequence[Document]) -> list[Document]:
    random = np.random.default_rng(1)
    spread = random.permutation(len(documents)) / len(documents)
    return [
        replace(document, metadata={"spread": float(place), "apart": int(document.name or 0) / CLUSTERS})
        for document, place in zip(documents, spread, strict=True)
    ]


def _measured(index: Index, stored: Sequence[Document], asked: Vectors, kind: str, share: float) -> Measured:
    kept = [document for document in stored if float(str(document.metadata[kind])) < share]
    vectors = np.stack([document.image_embedding for document in kept])
    filters = [f"{kind}<{share}"]
    index.search(asked[0], K, filters)
    found, seconds = 0, []
    for query in asked:
        nearest = np.argsort(-(vectors @ query))[:K]
        began = time.perf_counter()
        matches = index.search(query, K, filters)
        seconds.append(time.perf_counter() - began)
        found += len({kept[position].id for position in nearest} & {match.id for match in matches})
    p50_ms, p99_ms = np.percentile(seconds, [50, 99]) * 1000
    return Measured(kind, share, found / (min(K, len(kept)) * len(asked)), float(p50_ms), float(p99_ms))
