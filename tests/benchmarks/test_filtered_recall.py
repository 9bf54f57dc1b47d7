"""Recall of filtered searches is measured against an exact search among the documents that meet the filter."""

from itertools import product

from benchmarks.filtered_recall import KINDS, SHARES, measure
from lookalike.index import IndexOptions


def test_every_filter_is_measured_and_an_exact_index_finds_all() -> None:
    measured = list(measure("lancedb:///temporary", IndexOptions(), vectors=2000, queries=3))
    assert [(item.kind, item.share) for item in measured] == list(product(KINDS, SHARES))
    assert {item.recall for item in measured} == {1.0}
    assert all(0 < item.p50_ms <= item.p99_ms for item in measured)
