"""Searches by several examples on the page: wanted and not, with weights, by mouse and by keyboard, and their links."""

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from lookalike.settings import Settings, read_settings
from tests.browser.conftest import Visit
from tests.browser.stage import DISTINCT, Stage, fill, serving
from tests.browser.visitor import Visitor


def chip(visitor: Visitor, at: int) -> Locator:
    return visitor.page.get_by_role("list", name="Examples of the search").get_by_role("listitem").nth(at)


@pytest.mark.parametrize("index", ["stage", "opensearch_stage"])
def test_matches_are_added_as_like_and_as_not_like_and_weighed(
    index: str, request: pytest.FixtureRequest, visit: Visit
) -> None:
    stage: Stage = request.getfixturevalue(index)
    id = stage.id_of("citrus")
    visitor = visit(f"{stage.url}?id={id}")
    visitor.await_results()
    other = visitor.page.locator(".tile", has_text="rings").first
    uri = other.get_attribute("title")
    other.hover()
    other.get_by_role("button", name="Less like this: rings").click()
    expect(visitor.page.get_by_role("heading", name="Like this picture, not like the other")).to_be_visible()
    visitor.await_results()
    assert visitor.addresses == stage.asked({"id": id}, {"uri": uri, "weight": -1}) and uri not in visitor.addresses
    expect(visitor.page).to_have_url(re.compile(rf"\?example={id}&example=-1%3A"))

    chip(visitor, 1).get_by_label("Weight of rings").select_option("not like \u00d7½")
    expect(visitor.page).to_have_url(re.compile("example=-0.5%3A"))
    visitor.await_results()
    found = stage.asked({"id": id}, {"uri": uri, "weight": -0.5})
    assert visitor.addresses == found
    # The names of examples outlast the page; no address holds them.
    visitor.page.reload()
    visitor.await_results()
    assert visitor.addresses == found
    expect(chip(visitor, 1).get_by_label("Weight of rings")).to_have_value("-0.5")

    chip(visitor, 1).get_by_role("button", name="Remove rings").click()
    expect(visitor.page).to_have_url(f"{stage.url}?id={id}")
    visitor.page.go_back()
    visitor.await_results()
    assert visitor.addresses == found


def test_a_query_is_built_with_the_keyboard(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}")
    visitor.await_results()
    page = visitor.page
    page.locator(".tile", has_text="flowers").first.locator(".open").focus()
    page.keyboard.press("+")
    expect(page.get_by_role("heading", name="Like all 2 of these")).to_be_visible()
    visitor.await_results()
    page.locator(".tile", has_text="rings").first.locator(".open").focus()
    page.keyboard.press("-")
    expect(page.get_by_role("heading", name="Like all 2 of these, not like the other")).to_be_visible()
    visitor.await_results()
    weight = chip(visitor, 1).get_by_label("Weight of flowers")
    weight.focus()
    page.keyboard.press("ArrowUp")
    expect(page).to_have_url(re.compile("example=2%3A"))
    expect(weight).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(chip(visitor, 1).get_by_role("button", name="Remove flowers")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chip(visitor, 1).get_by_role("button", name="Remove rings")).to_be_focused()
    page.keyboard.press("Space")
    expect(chip(visitor, 0).get_by_role("button", name="Remove stored picture")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Choose a picture")).to_be_focused()
    expect(page).to_have_url(stage.url)


def test_without_a_wanted_example_the_page_asks_for_one(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?example=-1:{stage.id_of('rings')}")
    expect(visitor.page.get_by_role("heading", name="Nothing is wanted yet")).to_be_visible()
    chip(visitor, 0).get_by_role("combobox").select_option("like")
    visitor.await_results()
    assert visitor.labels[0] == "rings"


def test_a_link_says_what_it_leaves_out(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    picture = stage.query(DISTINCT[0])
    visitor.drop(picture)
    visitor.await_results()
    hint = visitor.page.locator("#link-hint")
    expect(hint).to_have_text("A link to this search leaves out your own picture.")
    tile = visitor.page.locator(".tile", has_text=DISTINCT[1]).first
    uri = tile.get_attribute("title")
    tile.locator(".open").focus()
    visitor.page.keyboard.press("+")
    expect(visitor.page).to_have_url(re.compile(r"\?example=.*&left_out=1|\?id=.*&left_out=1"))
    visitor.await_results()
    data = base64.b64encode(picture.read_bytes()).decode()
    assert visitor.addresses == stage.asked({"data": data}, {"uri": uri})
    both = visitor.addresses

    # Somebody else opens the link, and drops the picture on the examples.
    friend = visit(visitor.page.url)
    friend.await_results()
    assert friend.addresses == stage.asked({"uri": uri}) != both
    expect(friend.page.locator("#link-hint")).to_contain_text("was also made with a picture that no address holds")
    friend.drop_on("#query", picture)
    friend.await_results()
    expect(friend.page.get_by_role("heading", name="Like all 2 of these")).to_be_visible()
    friend.await_results()
    assert sorted(friend.addresses) == sorted(both)


def test_words_are_an_example_if_the_model_knows_them(
    settings: Settings, broker_url: str, visit: Visit, stage: Stage, tmp_path: Path
) -> None:
    without = visit(stage.url)
    expect(without.page.locator("#facts bdi")).to_have_count(3)
    expect(without.page.get_by_label("What the pictures shall show")).to_be_hidden()
    location = f"lancedb://{tmp_path / 'texts'}"
    chosen = read_settings(home=settings.home, index_url=location, model="demo-pair", concurrency=1)
    jobs_url = broker_url.removesuffix("/0") + "/4"
    fill(chosen, jobs_url, stage.pictures)
    with serving(chosen, jobs_url, chosen.home) as url:
        there = Stage(url, stage.pictures, stage.queries)
        visitor = visit(url)
        words = visitor.page.get_by_label("What the pictures shall show")
        words.fill("a picture of rings")
        visitor.page.keyboard.press("Enter")
        expect(visitor.page.get_by_role("heading", name="Like these words")).to_be_visible()
        visitor.await_results()
        assert visitor.addresses == there.asked({"text": "a picture of rings"})
        words.fill("citrus")
        visitor.page.keyboard.press("Enter")
        chip(visitor, 1).get_by_label("Weight of citrus").select_option("not like")
        expect(visitor.page).to_have_url(re.compile(r"\?text=1%3Aa\+picture\+of\+rings&text=-1%3Acitrus$"))
        visitor.await_results()
        found = there.asked({"text": "a picture of rings"}, {"text": "citrus", "weight": -1})
        assert visitor.addresses == found
        visitor.page.reload()
        visitor.await_results()
        assert visitor.addresses == found
        assert visitor.broken_rules() == []


def test_more_examples_than_a_search_takes_are_refused(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    visitor.drop(*[stage.query("rings")] * 33)
    expect(visitor.page.get_by_role("alert")).to_contain_text("at most 32 pictures")


@pytest.mark.parametrize(
    ("example", "said"), [("0:{id}", "0 is no weight"), ("{id}@nowhere", "no region"), ("x:{id}", "weight")]
)
def test_an_example_of_an_address_that_makes_no_sense_is_told(
    example: str, said: str, stage: Stage, visit: Visit
) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&example={example.format(id=stage.id_of('rings'))}")
    visitor.expected.extend(("status of 400", "status of 422"))
    expect(visitor.page.get_by_role("alert")).to_contain_text(said)
    chip(visitor, 1).get_by_role("button", name="Remove").click()
    visitor.await_results()
    assert visitor.tiles.count() == stage.stored - 1
