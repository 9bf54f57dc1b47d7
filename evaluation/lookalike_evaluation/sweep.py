"""Recall, latency and size over HNSW settings, on the same vectors and the same split; knows no model."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import product
from statistics import fmean
from typing import Any

import numpy as np

from lookalike.index import IndexOptions
from lookalike_evaluation.contender import Contender
from lookalike_evaluation.split import Split
from lookalike_evaluation.temporary import is_exact, temporary_place
from lookalike_evaluation.trial import Trial, ask, documents_of, fill

#: Links per node, candidates while linking and candidates while searching: around the defaults of `IndexOptions`.
MS = (8, 16, 32)
EF_CONSTRUCTIONS = (64, 100, 256)
EF_SEARCHES = (10, 50, 100, 200)
#: What an index that compares with every vector has to set.
NOTHING: tuple[tuple[str, None, None], ...] = (("exact", None, None),)


@dataclass(frozen=True)
class Setting:
    """One row; `m` and the like are None where the index searches exactly. `recall` is that at k."""

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
    contender: Contender, split: Split, *, location: str, options: IndexOptions, engines: Sequence[str], k: int
) -> Iterator[Setting]:
    """One row a setting, as each is measured, in temporary indexes of the kind at `location`."""
    builds = NOTHING if is_exact(location) else tuple(product(engines, MS, EF_CONSTRUCTIONS))
    for engine, m, ef_construction in builds:
        searches: Sequence[int]
        if m is None or ef_construction is None:
            built, searches = options, (options.ef_search,)
        else:
            built, searches = replace(options, engine=engine, m=m, ef_construction=ef_construction), EF_SEARCHES
        for ef_search, trial, size_bytes in _built(contender, split, location, built, searches, k):
            yield _row(engine, m, ef_construction, ef_search if m else None, trial, size_bytes)


def _built(
    contender: Contender, split: Split, location: str, options: IndexOptions, searches: Sequence[int], k: int
) -> Iterator[tuple[int, Trial, int]]:
    """One graph, built once and searched with each `ef_search`, which belongs to the search alone."""
    model, vectors = contender.for_split(split)
    with temporary_place(location, options) as place:
        with closing(place.open(options)) as index:
            fill(index, model, documents_of(contender, split, model, vectors))
        size_bytes = place.size_bytes(options)
        for ef_search in searches:
            with closing(place.open(replace(options, ef_search=ef_search))) as index:
                yield ef_search, ask(index, contender, split, vectors, k=k, size=k), size_bytes


def _row(
    engine: str, m: int | None, ef_construction: int | None, ef_search: int | None, trial: Trial, size_bytes: int
) -> Setting:
    recall = fmean(answer.recall for answer in trial.answers)
    p50_ms, p99_ms = np.percentile([answer.seconds * 1000 for answer in trial.answers], [50, 99]).tolist()
    return Setting(engine, m, ef_construction, ef_search, recall, p50_ms, p99_ms, size_bytes)
