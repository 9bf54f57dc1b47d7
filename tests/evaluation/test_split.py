"""A split is stratified, repeatable and never leaves a query without a stored image of its class."""

from collections import Counter

import pytest
from lookalike_evaluation.split import query_count, split

LABELS = ["a"] * 50 + ["b"] * 7 + ["c"] * 2 + ["alone"]


def test_every_image_is_stored_or_asked_for_and_never_both() -> None:
    made = split(LABELS, 0.2, seed=1)
    assert sorted((*made.stored, *made.queries)) == list(range(len(LABELS)))


def test_every_class_gives_its_share_and_a_class_of_one_is_stored() -> None:
    made = split(LABELS, 0.2, seed=1)
    assert Counter(LABELS[place] for place in made.queries) == {"a": 10, "b": 1, "c": 1}


@pytest.mark.parametrize(("images", "share", "queries"), [(1, 0.9, 0), (2, 0.99, 1), (5, 0.01, 1), (10, 0.2, 2)])
def test_something_is_asked_for_and_something_stays(images: int, share: float, queries: int) -> None:
    assert query_count(images, share) == queries


def test_a_seed_gives_one_split_and_another_seed_another() -> None:
    assert split(LABELS, 0.2, seed=1) == split(LABELS, 0.2, seed=1)
    assert split(LABELS, 0.2, seed=1).queries != split(LABELS, 0.2, seed=2).queries


def test_a_class_is_split_alike_whatever_is_beside_it() -> None:
    alone = split(["a"] * 50, 0.2, seed=4).queries
    assert [place for place in split(LABELS, 0.2, seed=4).queries if place < 50] == list(alone)
