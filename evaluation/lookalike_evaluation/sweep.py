"""Recall, latency and size for a grid of HNSW settings, on the same vectors and the same split."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import product
from statistics import fmean
from typing import Any

import numpy as np

from lookalike.index import IndexInfo, IndexOptions
from lookalike_evaluation.candidate import Candidate
from lookalike_evaluation.split import Split
from lookalike_evaluation.temporary import is_embedded, temporary_place
from lookalike_evaluation.trial import Trial, ask, documents_of, fill

#: HNSW m, ef_construction and ef_search, around the defaults of `IndexOptions`.
MS = (8, 16, 32)
EF_CONSTRUCTIONS = (64, 100, 256)
EF_SEARCHES = (10, 50, 100, 200)
#: How an embedded index is searched.
EXACT, ANN = "exact", "ann"


@dataclass(frozen=True)
class SweepRow:
    """One measured setting. `m`, `ef_construction` and `ef_search` are None for an embedded index, whose `engine` is
    `ann` if it has enough images for an ANN index, else `exact`."""

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
    if is_embedded(location):
        for _, trial, info in _built(candidate, split, location, options, (options.ef_search,), k):
            yield _row(ANN if info.ann and info.ann.vectors else EXACT, None, None, None, trial, info)
        return
    for engine, m, ef_construction in product(engines, MS, EF_CONSTRUCTIONS):
        built = replace(options, engine=engine, m=m, ef_construction=ef_construction)
        for ef_search, trial, info in _built(candidate, split, location, built, EF_SEARCHES, k):
            yield _row(engine, m, ef_construction, ef_search, trial, info)


def _built(
    candidate: Candidate, split: Split, location: str, options: IndexOptions, searches: Sequence[int], k: int
) -> Iterator[tuple[int, Trial, IndexInfo]]:
    """Build one graph and search it with each `ef_search`, which affects only the search."""
    model, vectors = candidate.vectors_for(split)
    with temporary_place(location, options) as place:
        with closing(place.open(options)) as index:
            fill(index, model, documents_of(candidate, split, model, vectors))
        info = place.info(options)
        for ef_search in searches:
            with closing(place.open(replace(options, ef_search=ef_search))) as index:
                yield ef_search, ask(index, candidate, split, vectors, k=k, size=k), info


def _row(
    engine: str, m: int | None, ef_construction: int | None, ef_search: int | None, trial: Trial, info: IndexInfo
) -> SweepRow:
    recall = fmean(answer.recall for answer in trial.answers)
    p50_ms, p99_ms = np.percentile([answer.seconds * 1000 for answer in trial.answers], [50, 99]).tolist()
    return SweepRow(engine, m, ef_construction, ef_search, recall, p50_ms, p99_ms, info.size_bytes)
