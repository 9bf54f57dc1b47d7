"""The metrics have the values that were calculated by hand."""

import numpy as np
import pytest

from lookalike.records import Metric
from lookalike_evaluation.exact import ExactSearch
from lookalike_evaluation.metrics import average_precision, half_width, hit, precision

RIGHT = [False, True, False, True, False]


def test_a_hit_needs_one_right_result_among_the_first_k() -> None:
    assert (hit(RIGHT, 1), hit(RIGHT, 2), hit([], 5)) == (0.0, 1.0, 0.0)


def test_precision_counts_missing_results_as_wrong() -> None:
    assert (precision(RIGHT, 1), precision(RIGHT, 4), precision(RIGHT, 10)) == (0.0, 0.5, 0.2)


def test_average_precision_divides_by_the_number_of_results_that_could_be_found() -> None:
    # Right at ranks 2 and 4: (1/2 + 2/4) = 1, over min(relevant, k).
    assert average_precision(RIGHT, 5, relevant=2) == pytest.approx(0.5)
    assert average_precision(RIGHT, 5, relevant=4) == pytest.approx(0.25)
    assert average_precision(RIGHT, 5, relevant=100) == pytest.approx(0.2)
    assert average_precision(RIGHT, 2, relevant=100) == pytest.approx(0.25)
    assert average_precision([True, True], 10, relevant=2) == 1.0


def test_the_confidence_interval_follows_students_t() -> None:
    # s = 1, n = 3, t(.975, 2) = 4.3027 from the tables.
    assert half_width([1.0, 2.0, 3.0]) == pytest.approx(4.3027 / 3**0.5, abs=1e-4)
    assert half_width([1.0]) is None


@pytest.mark.parametrize("metric", list(Metric))
def test_recall_is_the_share_of_the_nearest_that_were_found(metric: Metric) -> None:
    angles = np.radians([0, 10, 20, 30, 90])
    stored = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    exact, query = ExactSearch(stored, metric), stored[0]
    assert exact.recall(query, [0, 1, 2], 3) == 1.0
    assert exact.recall(query, [0, 1, 4], 3) == pytest.approx(2 / 3)
    assert exact.recall(query, [0, 1], 3) == pytest.approx(2 / 3)
    assert exact.recall(query, [0, 1, 2, 3, 4], 10) == 1.0


def test_an_image_as_near_as_the_kth_counts_as_found() -> None:
    stored = np.array([[1, 0], [0, 1], [0, 1]], np.float32)
    assert ExactSearch(stored, Metric.COSINE).recall(stored[0], [0, 2], 2) == 1.0


def test_tiny_squared_distances_are_distinguished() -> None:
    stored = np.array([[0, 0], [1e-4, 0], [2e-4, 0]], np.float32)
    assert ExactSearch(stored, Metric.L2).recall(stored[0], [0, 2], 2) == 0.5
