"""The vector of several examples."""

import numpy as np
import pytest

from lookalike.errors import BadQuery
from lookalike.queries.mixing import NEGATIVE_SHARE, mixed
from lookalike.queries.weights import check_weights
from lookalike.records import Metric

EAST, NORTH = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)


def test_the_sum_of_unit_vectors_has_unit_length_for_the_cosine() -> None:
    found = mixed(np.stack([EAST, 5 * NORTH]), [1, 1], Metric.COSINE)
    np.testing.assert_allclose(found, [0.5**0.5, 0.5**0.5, 0], rtol=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_allclose(mixed(np.stack([EAST, NORTH]), [3, 4], Metric.COSINE), [0.6, 0.8, 0], rtol=1e-6)


def test_distances_are_measured_from_the_weighted_mean() -> None:
    np.testing.assert_allclose(mixed(np.stack([EAST, NORTH]), [3, 1], Metric.L2), [0.75, 0.25, 0])
    mean = np.array([2, -NEGATIVE_SHARE, 0]) / (2 - NEGATIVE_SHARE)
    np.testing.assert_allclose(mixed(np.stack([EAST, NORTH]), [2, -1], Metric.L2), mean, rtol=1e-6)


@pytest.mark.parametrize("metric", Metric)
def test_only_the_proportion_of_weights_counts(metric: Metric) -> None:
    vectors = np.stack([EAST, NORTH, EAST + NORTH])
    few = mixed(vectors, [3e-300, -1e-300, 1e-300], metric)
    np.testing.assert_allclose(few, mixed(vectors, [3, -1, 1], metric), rtol=1e-6)


@pytest.mark.parametrize("weight", [-0.5, -1, -2])
def test_what_is_not_wanted_counts_by_a_share_of_its_weight(weight: float) -> None:
    expected = np.array([1, NEGATIVE_SHARE * weight, 0])
    found = mixed(np.stack([EAST, 5 * NORTH]), [1, weight], Metric.COSINE)
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-6)


def test_one_example_is_itself() -> None:
    assert mixed(np.stack([5 * NORTH]), [7], Metric.COSINE) is not None
    np.testing.assert_array_equal(mixed(np.stack([5 * NORTH]), [7], Metric.L2), 5 * NORTH)


@pytest.mark.parametrize("metric", Metric)
@pytest.mark.parametrize("weights", [[1, -1], [0.3, -0.3], [50, -50.0001], [NEGATIVE_SHARE, -1]])
def test_examples_that_cancel_each_other_out_are_refused(metric: Metric, weights: list[float]) -> None:
    with pytest.raises(BadQuery, match="cancel"):
        mixed(np.stack([EAST, EAST]), weights, metric)


@pytest.mark.parametrize("weights", [[], [1] * 33, [0], [float("nan")], [float("inf")], [1, 101], [-1], [-1, -2]])
def test_what_are_no_weights_is_refused(weights: list[float]) -> None:
    with pytest.raises(BadQuery):
        check_weights(weights)
