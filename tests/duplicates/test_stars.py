"""Groups do not chain: every member is near the centre."""

import random
from collections.abc import Mapping

import pytest

from lookalike.duplicates import stars
from lookalike.duplicates.stars import Star, Stars

Near = Mapping[int, Mapping[int, float]]


def grouped(near: Near, order: list[int] | None = None) -> dict[int, set[int]]:
    """Centre -> members; images are added in this order, and the scores of all pairs are given once."""
    both: dict[int, dict[int, float]] = {}
    for one, others in near.items():
        for other, score in others.items():
            both.setdefault(one, {})[other] = score
            both.setdefault(other, {})[one] = score
    made = Stars()
    for image in order or sorted(both):
        made.add(image, both[image].items())
    found = {centre: dict(members) for centre, members in made.groups()}
    for centre, members in found.items():
        assert {member: both[centre][member] for member in members} == members
    placed = [image for centre, members in found.items() for image in (centre, *members)]
    assert len(placed) == len(set(placed))
    return {centre: set(members) for centre, members in found.items()}


def chain(length: int) -> Near:
    """Each image is near the next one only."""
    return {image: {image + 1: 0.99} for image in range(length - 1)}


def test_what_is_near_the_same_image_is_one_group() -> None:
    assert grouped({5: {1: 0.99, 2: 0.985, 3: 0.99}}) == {5: {1, 2, 3}}


def test_a_long_chain_is_many_groups() -> None:
    assert grouped(chain(3)) == {1: {0, 2}}
    assert all(len(members) <= 2 for members in grouped(chain(100)).values())
    assert sum(len(members) + 1 for members in grouped(chain(100)).values()) >= 90


def test_an_image_between_two_centres_joins_the_nearer_one() -> None:
    near = {1: {2: 0.99, 3: 0.99, 9: 0.98}, 5: {6: 0.99, 7: 0.99, 9: 0.985}}
    assert grouped(near) == {1: {2, 3}, 5: {6, 7, 9}}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_images_does_not_matter(seed: int) -> None:
    dice = random.Random(seed)
    near = {image: {dice.randrange(60): dice.uniform(0.98, 1.0) for _ in range(3)} for image in range(60)}
    near = {image: {other: score for other, score in others.items() if other > image} for image, others in near.items()}
    images = sorted({image for one, others in near.items() for image in (one, *others) if others})
    first = grouped(near, images)
    dice.shuffle(images)
    assert grouped(near, images) == first


def test_the_members_of_a_large_group_need_not_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stars, "MOST_REMEMBERED", 3)
    made = Stars()
    made.add(0, [(1, 0.99), (2, 0.99)])
    assert not made.has_place(1)
    made.add(4, [(image, 0.99) for image in (5, 6, 7, 8)])
    assert all(made.has_place(image) for image in (4, 5, 8))
    # Another large one, near a centre, joins it: also where the centre does not know of it.
    made.add(9, [(4, 0.985), (5, 0.999), (10, 0.99), (11, 0.99)])
    assert {centre: dict(members).keys() for centre, members in made.groups()} == {0: {1, 2}, 4: {5, 6, 7, 8, 9}}


def test_images_without_others_are_no_groups() -> None:
    made = Stars()
    made.add(1, [])
    assert list(made.groups()) == []


def test_a_star_is_cut_to_what_is_nearest_to_its_centre() -> None:
    star = Star("c", {"a": 0.98, "b": 1.0, "c": 1.0, "d": 0.99})
    assert list(star.cut(3).scores) == ["c", "b", "d"] and star.cut(9).scores == star.scores
