"""Recall, latency and size for a grid of HNSW settings, on the same vectors and the same split."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import product
from statistics import fmean
from typing import Any

import numpy as np

from lookalike.index import IndexOptions
from lookalike_evaluation.candidate import Candidate
from lookalike_evaluation.split import Split
from lookalike_evaluation.temporary import is_embedded, temporary_place
from lookalike_evaluation.trial import Trial, ask, documents_of, fill

#: HNSW m, ef_construction and ef_search, around the defaults of `IndexOptions`.
MS = (8, 16, 32)
EF_CONSTRUCTIONS = (64, 100, 256)
EF_SEARCHES = (10, 50, 100, 200)
#: The only build of an embedded index, which has no ANN index here, so that it is searched exactly.
EXACT_BUILDS: tuple[tuple[str, None, None], ...] = (("exact", None, None),)


@dataclass(frozen=True)
class SweepRow:
    """One measured setting. `m`, `ef_construction` and `ef_search` are None for an embedded index."""

    engine: str
    m: int | None
    ef_construction: int | None
    ef_search: int | None
    recall: float
    p50_ms: float
    p99_ms: float
    size_bytes: int

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def sweep(
    candidate: Candidate, split: Split, *, location: str, options: IndexOptions, engines: Sequence[str], k: int
) -> Iterator[SweepRow]:
    """Yield one row per setting as it is measured, in temporary indexes of the same kind as `location`."""
    builds = EXACT_BUILDS if is_embedded(location) else tuple(product(engines, MS, EF_CONSTRUCTIONS))
    for engine, m, ef_construction in builds:
        searches: Sequence[int]
        if m is None or ef_construction is None:
            built, searches = options, (options.ef_search,)
        else:
            built, searches = replace(options, engine=engine, m=m, ef_construction=ef_construction), EF_SEARCHES
        for ef_search, trial, size_bytes in _built(candidate, split, location, built, searches, k):
            yield _row(engine, m, ef_construction, ef_search if m else None, trial, size_bytes)


def _built(
    candidate: Candidate, split: Split, location: str, options: IndexOptions, searches: Sequence[int], k: int
) -> Iterator[tuple[int, Trial, int]]:
    """Build one graph and search it with each `ef_search`, which affects only the search."""
    model, vectors = candidate.vectors_for(split)
    with temporary_place(location, options) as place:
        with closing(place.open(options)) as index:
            fill(index, model, documents_of(candidate, split, model, vectors))
        size_bytes = place.size_bytes(options)
        for ef_search in searches:
            with closing(place.open(replace(options, ef_search=ef_search))) as index:
                yield ef_search, ask(index, candidate, split, vectors, k=k, size=k), size_bytes


def _row(
    engine: str, m: int | None, ef_construction: int | None, ef_search: int | None, trial: Trial, size_bytes: int
) -> SweepRow:
    recall = fmean(answer.recall for answer in trial.answers)
    p50_ms, p99_ms = np.percentile([answer.seconds * 1000 for answer in trial.answers], [50, 99]).tolist()
    return SweepRow(engine, m, ef_construction, ef_search, recall, p50_ms, p99_ms, size_bytes)
