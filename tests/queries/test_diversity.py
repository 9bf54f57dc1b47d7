"""Matches that are unlike one another."""

import numpy as np
import pytest

from lookalike.queries.diversity import candidates_for, diverse
from lookalike.records import Metric

#: Three directions near the query, each of them four times, with small differences.
QUERY = np.array([1, 1, 1, 0], np.float32) / 3**0.5
GROUPS = np.repeat(np.eye(4, dtype=np.float32)[:3] + 0.2, 4, axis=0)
VECTORS = (GROUPS + np.random.default_rng(1).normal(0, 0.01, GROUPS.shape)).astype(np.float32)


def scores(metric: Metric) -> list[float]:
    if metric is Metric.L2:
        return list(1 / (1 + np.square(VECTORS - QUERY).sum(axis=1)))
    return list(VECTORS @ QUERY / np.linalg.norm(VECTORS, axis=1))


@pytest.mark.parametrize("metric", Metric)
def test_without_diversity_the_order_is_that_of_the_scores(metric: Metric) -> None:
    chosen = diverse(scores(metric), VECTORS, 12, 0.0, metric)
    assert chosen == list(np.argsort(-np.array(scores(metric), np.float32), kind="stable"))


@pytest.mark.parametrize("metric", Metric)
@pytest.mark.parametrize("diversity", [0.5, 0.9, 1.0])
def test_each_group_comes_before_the_second_of_one(metric: Metric, diversity: float) -> None:
    chosen = diverse(scores(metric), VECTORS, 12, diversity, metric)
    assert sorted(chosen) == list(range(12))
    assert {position // 4 for position in chosen[:3]} == {0, 1, 2}
    assert chosen[0] == int(np.argmax(scores(metric)))


def test_fewer_candidates_than_asked_for_are_all_chosen() -> None:
    assert sorted(diverse([0.5, 0.4], VECTORS[:2], 10, 0.5, Metric.COSINE)) == [0, 1]
    assert (candidates_for(10), candidates_for(500), candidates_for(1000)) == (100, 1000, 1000)
