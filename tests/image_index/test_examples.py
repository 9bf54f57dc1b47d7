"""Searches by examples from Python, on both indexes."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookalike
from lookalike import Image, Stored
from lookalike.errors import BadQuery, BadSetting, NotIndexed, QueryRejected
from lookalike.records import ImageRef
from lookalike.settings import Settings
from tests.browser.stage import LABELS
from tests.image_index.conftest import Filled

GREY = np.full((9, 9), 200, np.uint8)
ALL = 100
#: What is searched for, the exception, and what its message names.
BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no example": (lambda: [], BadQuery, "1 to 32 examples"),
    "33 examples": (lambda: [Image(GREY)] * 33, BadQuery, "not 33"),
    "an example of a number": (lambda: [5], BadQuery, "An int"),
    "images that are no examples": (lambda: [GREY], BadQuery, "ndarray"),
    "only negative examples": (lambda: -Image(GREY), BadQuery, "negative"),
    "a weight of nothing": (lambda: Image(GREY, weight=0), BadQuery, "0 is no weight"),
    "a weight that is no number": (lambda: Image(GREY, weight=math.nan), BadQuery, "nan"),
    "a weight of a text": (lambda: Image(GREY, weight="2"), BadSetting, "weight = '2'"),  # type: ignore[arg-type]
    "examples that cancel": (lambda: [Image(GREY), -Image(GREY)], BadQuery, "cancel"),
    "a region outside": (lambda: Image(GREY, region="9,0,1,1"), QueryRejected, "The array .*bad_region"),
    "one of two outside": (lambda: [Image(GREY), Image(GREY, region="9,0,1,1")], QueryRejected, "image 2 of 2"),
    "a region of no area": (lambda: Image(GREY, region=(0, 0, 0, 5)), BadQuery, "no area"),
    "a region of three": (lambda: Image(GREY, region=(0, 0, 5)), BadQuery, "'0,0,5'"),
    "a region of a number": (lambda: Image(GREY, region=5), BadSetting, "An int"),  # type: ignore[arg-type]
    "one broken image of two": (lambda: [Image(GREY), Image(b"x")], QueryRejected, "image 2 of 2"),
    "a missing file of two": (lambda: [Image(GREY), Image("/no/such.jpg")], QueryRejected, "/no/such.jpg"),
    "no stored image": (lambda: Stored("x" * 40), NotIndexed, "x" * 40),
    "no stored uri": (lambda: Stored(uri="/no/such.jpg"), NotIndexed, "/no/such.jpg"),
    "a stored image of two names": (lambda: Stored("x", uri="y"), BadSetting, "exactly one"),
}


@pytest.fixture(scope="module")
def query_file(drawn: tuple[Path, Path]) -> Path:
    return next((drawn[1] / LABELS[0]).iterdir())


def ids(matches: Sequence[lookalike.Match]) -> list[str]:
    return [match.id for match in matches]


def test_one_example_is_that_image(filled: Filled, query_file: Path, stored: list[ImageRef]) -> None:
    search, ref = filled.images.search, stored[0]
    assert ids(search([Image(query_file)])) == ids(search(Image(query_file))) == ids(search(query_file))
    assert ids(search(Stored(ref.id))) == ids(search([Stored(uri=ref.uri, weight=3)])) == ids(search(id=ref.id))


def test_stored_examples_are_left_out(filled: Filled, query_file: Path, stored: list[ImageRef]) -> None:
    examples = [Image(query_file, weight=2), Stored(stored[0].id), -Image(stored[9].uri, region=(0, 0, 8, 8))]
    found = ids(filled.images.search(examples, k=ALL))
    assert len(found) == len(stored) - 1 and stored[0].id not in found


def test_what_is_not_wanted_comes_later(filled: Filled, stored: list[ImageRef]) -> None:
    wanted, other = Stored(stored[0].id), stored[9]
    plain = filled.images.search([wanted], k=ALL)
    without = filled.images.search([wanted, -Stored(other.id)], k=ALL)
    ranks = [[match.name for match in found].index(other.label) for found in (plain, without)]
    assert ranks[0] < ranks[1]


def test_a_region_of_a_stored_image_is_one_of_its_file(filled: Filled, stored: list[ImageRef]) -> None:
    ref, region = stored[0], "pct:0,0,50,50"
    by_file = ids(filled.images.search(Image(ref.uri, region=region), k=ALL))
    by_file.remove(ref.id)
    assert ids(filled.images.search(Stored(ref.id, region=region), k=ALL)) == by_file


@pytest.mark.parametrize("case", BAD)
def test_bad_examples_raise_an_error_with_a_clear_message(case: str, lance: Settings) -> None:
    examples, kind, named = BAD[case]
    with lookalike.open(home=lance.home) as images, pytest.raises(kind, match=named) as raised:
        images.search(examples())
    assert 1 <= len(str(raised.value).splitlines()) <= 2


def test_matches_are_arranged_as_asked(filled: Filled, query_file: Path) -> None:
    search = filled.images.search
    plain = search(query_file, k=ALL)
    labels = [match.name for match in search(query_file, k=ALL, sort="label")]
    assert labels == sorted(str(label) for label in labels) and len(labels) == len(plain)
    best = search(query_file, k=ALL, group_by="label")
    assert len(best) == len({match.name for match in plain}) and best[0] == plain[0]
    least = (plain[3].score + plain[4].score) / 2
    assert ids(search(query_file, k=ALL, min_score=least)) == ids(plain)[:4]
    spread = search(query_file, k=6, diversity=1.0)
    assert spread[0] == plain[0] and len({match.name for match in spread}) > len({match.name for match in plain[:6]})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sort": ""}, "an order"),
        ({"sort": "-score"}, "least alike"),
        ({"sort": 5}, "An int"),
        ({"group_by": ""}, "a field"),
        ({"min_score": 2}, "min_score = 2"),
        ({"diversity": -0.1}, "diversity = -0.1"),
        ({"diversity": "much"}, "not a number"),
        ({"diversity": 0.5, "sort": "label"}, "one page"),
    ],
)
def test_bad_options_raise_an_error_with_a_clear_message(lance: Settings, options: dict[str, Any], said: str) -> None:
    with lookalike.open(home=lance.home) as images, pytest.raises(BadSetting, match=said) as raised:
        images.search(GREY, **options)
    assert 1 <= len(str(raised.value).splitlines()) <= 2
