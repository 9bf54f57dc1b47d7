"""Pages of matches in any order, while images come and go."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from lookalike.errors import BadQuery
from lookalike.queries.cursor import Cursor, checksum, cursor_after, parse_cursor
from lookalike.queries.order import check_field, parse_order
from lookalike.queries.pages import MOST_CANDIDATES, SORTED, Page, Paging, page_of
from lookalike.records import Match

SEARCH = checksum("a search")
VERSION = "images-v1"


def collection(count: int, seed: int = 1) -> list[Match]:
    """Matches of which many have the same score, label, day and year; some have none."""
    dice = random.Random(seed)
    return [
        Match(
            f"{number:040x}",
            f"/{number}.jpg",
            dice.choice([None, *"abcdefghij"]),
            dice.randrange(-10, 11) / 10,
            {} if dice.random() < 0.2 else {"year": dice.randrange(1990, 2026), "tags": dice.choice([[], ["x", "y"]])},
            f"2026-01-{dice.randrange(1, 28):02}",
            None if dice.random() < 0.3 else dice.randrange(-5, 6),
        )
        for number in range(count)
    ]


def nearest(matches: list[Match]) -> Callable[[int], list[Match]]:
    """As an index answers: best first, equal ones in any order."""
    dice = random.Random(2)

    def ask(k: int) -> list[Match]:
        shuffled = sorted(matches, key=lambda match: (-match.score, dice.random()))
        assert k <= MOST_CANDIDATES
        return shuffled[:k]

    return ask


def after(page: Page, paging: Paging) -> Cursor:
    text = str(cursor_after(page.matches[-1], page.seen, paging.order, VERSION, SEARCH))
    return parse_cursor(text)


def pages(ask: Callable[[int], list[Match]], **options: object) -> list[Match]:
    """All pages, one after the other."""
    found: list[Match] = []
    paging = Paging(**options, is_paged=True)  # type: ignore[arg-type]
    while True:
        page = page_of(ask, paging)
        found += page.matches
        if page.is_last:
            return found
        paging = Paging(**options, is_paged=True, cursor=after(page, paging))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sort", ["score", "ingested", "-ingested", "taken", "-taken", "label", "-label", "year", "tags"]
)
@pytest.mark.parametrize("k", [1, 7, 100])
def test_pages_have_every_match_once_and_in_order(sort: str, k: int) -> None:
    matches, order = collection(93), parse_order(sort)
    found = pages(nearest(matches), k=k, order=order)
    assert sorted(match.id for match in found) == sorted(match.id for match in matches)
    assert found == order.sorted(matches)


def test_a_cursor_holds_the_longest_text_of_an_order() -> None:
    names = (sign * 8191 for sign in ("\U0001f34e", "\x01", '"', "a"))
    matches = [replace(match, name=name) for match, name in zip(collection(4), names, strict=True)]
    order = parse_order("label")
    found = pages(nearest(matches), k=1, order=order)
    assert [match.name for match in found] == sorted(match.name or "" for match in matches)


def test_orders_are_what_their_names_say() -> None:
    matches = collection(93)
    by_year = [match.metadata.get("year") for match in parse_order("year").sorted(matches)]
    known = [year for year in by_year if year is not None]
    assert known == sorted(known) and by_year[len(known) :] == [None] * (93 - len(known))
    newest = [match.ingested_at for match in parse_order("ingested").sorted(matches)]
    assert newest == sorted(newest, reverse=True)
    taken = [match.taken_at_ms for match in parse_order("taken").sorted(matches)]
    known = [time for time in taken if time is not None]
    assert known == sorted(known, reverse=True) and 0 in known and taken[len(known) :] == [None] * (93 - len(known))
    labels = [match.name for match in parse_order("-label").sorted(matches)]
    assert labels[0] == "j" and labels[-1] is None
    assert parse_order("score").sorted(matches)[0].score == 1


@pytest.mark.parametrize("sort", ["score", "label"])
def test_images_that_come_and_go_move_no_other_one(sort: str) -> None:
    """Those that are there all the time are found once each, whatever else happens between two pages."""
    steady, dice = collection(120), random.Random(3)
    others = [Match(f"f{number:039x}", "/", "c", dice.uniform(-1, 1), {}) for number in range(60)]
    now = list(steady)
    paging, found = Paging(10, order=parse_order(sort), is_paged=True), []
    while True:
        page = page_of(nearest(now), paging)
        found += page.matches
        if page.is_last:
            break
        now = steady + dice.sample(others, dice.randrange(60))
        paging = replace(paging, cursor=after(page, paging))
    assert sorted(match.id for match in found if match.id[0] != "f") == sorted(match.id for match in steady)


def test_a_least_score_reaches_beyond_a_page() -> None:
    matches = collection(3000)
    found = pages(nearest(matches), k=50, min_score=0.35)
    assert len(found) == sum(match.score >= 0.35 for match in matches) > 500


@pytest.mark.parametrize("k", [3, 50])
def test_only_the_best_of_each_group_is_shown(k: int) -> None:
    matches = collection(500)
    found = pages(nearest(matches), k=k, group_by="name")
    labels = [match.name for match in found if match.name]
    assert sorted(labels) == list("abcdefghij")
    for match in found:
        best = max(other.score for other in matches if other.name == match.name)
        assert match.name is None or match.score == best
    assert sum(match.name is None for match in found) == sum(match.name is None for match in matches)


@pytest.mark.parametrize("sort", ["label", "-year", "taken", "ingested"])
@pytest.mark.parametrize("group_by", [None, "name"])
def test_pages_of_what_is_sorted_end_with_the_nearest_thousand(sort: str, group_by: str | None) -> None:
    ask, order = nearest(collection(3000)), parse_order(sort)
    found = pages(ask, k=100, order=order, group_by=group_by)
    assert len({match.id for match in found}) == len(found) <= SORTED
    assert found == order.sorted(found)
    whole = page_of(ask, Paging(SORTED, order=order, group_by=group_by)).matches
    assert {match.name for match in found} == {match.name for match in whole}


def test_what_is_sorted_may_have_one_score() -> None:
    alike = [replace(match, score=1.0) for match in collection(SORTED + 1)]
    page = page_of(lambda k: alike[:k], Paging(5, order=parse_order("label"), is_paged=True))
    assert len(page.matches) == 5 and not page.is_last


def test_a_sorted_page_and_the_pages_by_cursor_are_of_the_same_images() -> None:
    matches = sorted(collection(3000), key=lambda match: match.score, reverse=True)
    distinct = [replace(match, score=1 - number / 3000) for number, match in enumerate(matches)]
    found = pages(lambda k: distinct[:k], k=90, order=parse_order("year"))
    assert {match.id for match in found} == {match.id for match in distinct[: SORTED - 1]}
    by_number = [
        match
        for offset in range(0, SORTED, 250)
        for match in page_of(lambda k: distinct[:k], Paging(250, offset, order=parse_order("year"))).matches
    ]
    assert by_number == parse_order("year").sorted(distinct[:SORTED])


def test_an_unknown_field_is_named_with_the_one_that_was_meant() -> None:
    check_field("metadata.year", ["year"], "images")
    check_field("name", [], "images")
    with pytest.raises(BadQuery, match=r"images has no metadata field 'yaer'\.\sDid you mean year\?"):
        check_field("metadata.yaer", ["tags", "year"], "images")
    with pytest.raises(BadQuery, match="one of its fields"):
        check_field("metadata.x", [], "images")


def test_examples_are_not_shown_and_cost_no_place() -> None:
    matches = collection(30)
    best = parse_order("score").sorted(matches)
    leave_out = frozenset(match.id for match in best[:2])
    page = page_of(nearest(matches), Paging(5, leave_out=leave_out, is_paged=True))
    assert page.matches == best[2:7] and not page.is_last
    assert len(page_of(nearest(matches), Paging(28, leave_out=leave_out)).matches) == 28


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "=", "é", "W10", "bnVsbA", "WzEsMiwzLDQsNV0", "x" * 3000, "W" * 1999),
        str(Cursor(1.0, "a", -1, "v", 1)),
        str(Cursor(float("nan"), "a", 1, "v", 1)),
        str(Cursor(float("inf"), "a", 1, "v", 1)),
        "W" + "1" * 1998,
        str(Cursor([1], "a", 1, "v", 1)),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadQuery, match="not one of this service"):
        parse_cursor(text)


def test_a_cursor_is_of_one_version_and_one_search() -> None:
    cursor = Cursor(0.5, "a", 3, VERSION, SEARCH)
    parse_cursor(str(cursor)).check(VERSION, SEARCH)
    with pytest.raises(BadQuery, match="images-v2"):
        cursor.check("images-v2", SEARCH)
    with pytest.raises(BadQuery, match="another search"):
        cursor.check(VERSION, checksum("another"))
    with pytest.raises(BadQuery, match="offset and a cursor"):
        Paging(offset=1, cursor=cursor)


@pytest.mark.parametrize("text", ["", "-", "-score"])
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parse_order(text)
