"""A split is stratified and repeatable, and every query has a stored image of its class."""

from collections import Counter

import pytest

from lookalike_evaluation.split import query_count, split

LABELS = ["a"] * 50 + ["b"] * 7 + ["c"] * 2 + ["alone"]


def test_every_image_is_either_stored_or_a_query() -> None:
    result = split(LABELS, 0.2, seed=1)
    assert sorted((*result.stored, *result.queries)) == list(range(len(LABELS)))


def test_every_class_contributes_its_share_and_a_class_of_one_is_only_stored() -> None:
    result = split(LABELS, 0.2, seed=1)
    assert Counter(LABELS[position] for position in result.queries) == {"a": 10, "b": 1, "c": 1}


@pytest.mark.parametrize(("images", "share", "queries"), [(1, 0.9, 0), (2, 0.99, 1), (5, 0.01, 1), (10, 0.2, 2)])
def test_every_class_has_a_stored_image_and_a_query(images: int, share: float, queries: int) -> None:
    assert query_count(images, share) == queries


def test_the_seed_determines_the_split() -> None:
    assert split(LABELS, 0.2, seed=1) == split(LABELS, 0.2, seed=1)
    assert split(LABELS, 0.2, seed=1).queries != split(LABELS, 0.2, seed=2).queries


def test_other_classes_do_not_change_the_split_of_a_class() -> None:
    alone = split(["a"] * 50, 0.2, seed=4).queries
    assert [position for position in split(LABELS, 0.2, seed=4).queries if position < 50] == list(alone)
