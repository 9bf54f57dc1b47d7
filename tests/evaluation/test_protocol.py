"""The protocol on both indexes, with vectors whose results are known."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from lookalike.index import Index, IndexOptions, list_indexes
from lookalike.records import Vectors
from lookalike_evaluation import sweep
from lookalike_evaluation.candidate import Candidate, Transform, with_common_images
from lookalike_evaluation.protocol import evaluate
from lookalike_evaluation.split import split
from lookalike_evaluation.summary import Summary
from lookalike_evaluation.temporary import temporary_index
from tests.evaluation.conftest import MODEL

OPTIONS = IndexOptions(timeout_s=30.0)


def opener(location: str) -> Callable[[], AbstractContextManager[Index]]:
    return partial(temporary_index, location, OPTIONS)


def measured(candidate: Candidate, location: str, seeds: Sequence[int] = (0,), k: int = 5) -> Summary:
    return evaluate([candidate], seeds=seeds, share=0.2, k=k, size=k, open_index=opener(location))[0]


def test_figures_match_the_known_results_and_the_index_is_removed(candidate: Candidate, location: str) -> None:
    # A seed for which the ant among the bees is a query: all its results are wrong, all others are right.
    seed = next(n for n in range(100) if 0 in split(candidate.labels, 0.2, n).queries)
    summary = measured(candidate, location, [seed])
    assert (summary.stored, summary.queries) == (24, 6)
    assert summary.figures.hit_at_k == pytest.approx(5 / 6)
    assert summary.figures.precision_at_1 == pytest.approx(5 / 6)
    assert summary.figures.recall_vs_exact == 1.0
    assert {row.label: row.figures.hit_at_k for row in summary.classes} == {"ants": 0.5, "bees": 1.0, "cats": 1.0}
    assert summary.plain()["confidence_95"]["hit_at_k"] is None
    assert list_indexes(location) == []


def test_a_failed_measurement_removes_its_index(location: str) -> None:
    class Broken(Exception):
        pass

    with pytest.raises(Broken), temporary_index(location, OPTIONS) as index:
        index.ensure(MODEL)
        raise Broken
    assert list_indexes(location) == []


def test_a_head_is_fitted_only_on_the_stored_part_of_each_split(candidate: Candidate, tmp_path: object) -> None:
    seen: list[tuple[Vectors, list[str]]] = []

    def fit_on(vectors: Vectors, labels: Sequence[str]) -> Transform:
        seen.append((vectors, list(labels)))
        return lambda any_vectors: any_vectors[:, :3]

    fitted = replace(candidate, name="tiny+three", fit_on=fit_on)
    summary = measured(fitted, f"lancedb://{tmp_path}/index", seeds=(0, 1))
    for (vectors, labels), seed in zip(seen, (0, 1), strict=True):
        stored = split(candidate.labels, 0.2, seed).stored
        expected = np.stack([candidate.documents[position].image_embedding for position in stored])
        assert np.array_equal(vectors, expected) and labels == [candidate.labels[position] for position in stored]
    assert summary.plain()["fitted_on_stored_part"] and summary.figures.recall_vs_exact == 1.0


def test_models_are_compared_on_the_images_they_have_in_common(candidate: Candidate) -> None:
    fewer = replace(candidate, documents=candidate.documents[:0:-1])
    one, other = with_common_images([candidate, fewer])
    assert [item.id for item in one.documents] == [item.id for item in other.documents]
    assert len(one.documents) == 29


def test_a_sweep_has_a_row_for_each_setting(
    candidate: Candidate, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "MS", (8, 16))
    monkeypatch.setattr(sweep, "EF_CONSTRUCTIONS", (64,))
    one = split(candidate.labels, 0.2, 0)
    rows = list(sweep.sweep(candidate, one, location=location, options=OPTIONS, engines=["lucene"], k=5))
    settings = [(row.engine, row.m, row.ef_search) for row in rows]
    if location.startswith("lancedb"):
        # As a search of a user: from so many images on by an ANN index.
        several = replace(OPTIONS, ann_rows=10)
        rows += sweep.sweep(candidate, one, location=location, options=several, engines=["lucene"], k=5)
        assert [*settings, (rows[-1].engine, None, None)] == [("exact", None, None), ("ann", None, None)]
    else:
        assert settings == [("lucene", m, ef_search) for m in (8, 16) for ef_search in sweep.EF_SEARCHES]
    assert all(row.recall == 1.0 and row.size_bytes > 0 for row in rows)
    assert list_indexes(location) == []
