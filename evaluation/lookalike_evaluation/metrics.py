"""Metrics of ranked results: hit rate, precision, average precision, confidence intervals.

`right[i]` is true if the result at rank i + 1 has the query's label; k is the number of results that count.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from statistics import fmean, stdev

#: Level of the intervals.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Figures:
    """Means over queries, each in [0, 1]."""

    hit_at_k: float
    """The share of queries with a right result among the first k."""
    precision_at_1: float
    """The share of queries whose first result is right."""
    precision_at_k: float
    """The share of right results among the first k."""
    map_at_k: float
    """Mean average precision: high if right results come first."""
    recall_vs_exact: float
    """The share of the exact results that the search found."""


FIGURES = tuple(Figures.__dataclass_fields__)


def hit(right: Sequence[bool], k: int) -> float:
    """1 if any of the first k results is right, otherwise 0: the metric of the article."""
    return float(any(right[:k]))


def precision(right: Sequence[bool], k: int) -> float:
    """The share of right results among k; missing results count as wrong."""
    return sum(right[:k]) / k


def average_precision(right: Sequence[bool], k: int, relevant: int) -> float:
    """AP@k = 1 / min(relevant, k) * sum over the ranks i <= k of right results of precision(right, i).

    `relevant`: the number of stored images with the query's label. Source: Weyand et al., Google Landmarks Dataset v2,
    CVPR 2020, section 3.4, after Manning, Raghavan and Schuetze, Introduction to Information Retrieval, 8.4.
    """
    found, total = 0, 0.0
    for rank, is_right in enumerate(right[:k], start=1):
        if is_right:
            found += 1
            total += found / rank
    return total / min(relevant, k) if relevant else 0.0


def mean(figures: Sequence[Figures]) -> Figures:
    return Figures(*(fmean(values) for values in zip(*map(astuple, figures), strict=True)))


def half_width(values: Sequence[float]) -> float | None:
    """Half the width of the 95 % confidence interval of the mean (Student's t-distribution); None for one value.

    t(0.975, n - 1) * s / sqrt(n), with the sample's standard deviation s. Splits of one folder share
    images, so the interval shows the effect of the choice of queries, not the results for other images.
    """
    if len(values) < 2:
        return None
    from scipy.special import stdtrit

    return float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * stdev(values) / math.sqrt(len(values))
