"""Searches on the page, by pictures that are dropped, pasted, chosen or taken from the results, and its addresses."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Route, ViewportSize, expect

from testing.processes import await_true
from tests.browser.conftest import Visit
from tests.browser.stage import DISTINCT, HOSTILE_LABEL, PER_CLASS, Stage
from tests.browser.visitor import DESKTOP, PHONE


@pytest.mark.parametrize(
    ("index", "size"),
    [("stage", DESKTOP), ("stage", PHONE), ("opensearch_stage", DESKTOP)],
    ids=["lancedb-desktop", "lancedb-phone", "opensearch-desktop"],
)
def test_a_dropped_picture_finds_similar_ones_and_a_result_starts_the_next_search(
    index: str, size: ViewportSize, request: pytest.FixtureRequest, visit: Visit, artifacts: Path
) -> None:
    stage: Stage = request.getfixturevalue(index)
    visitor = visit(stage.url, size=size)
    label = DISTINCT[0]
    visitor.drop(stage.query(label))
    visitor.await_results()
    assert visitor.labels[:PER_CLASS] == [label] * PER_CLASS
    assert visitor.addresses == stage.found_by(stage.query(label))
    assert visitor.scores == sorted(visitor.scores, reverse=True)
    expect(visitor.page.get_by_role("img", name=stage.query(label).name)).to_be_visible()
    visitor.page.screenshot(path=artifacts / f"{index}-{size['width']}.png")
    found = visitor.addresses

    visitor.tiles.nth(1).hover()
    visitor.tiles.nth(1).get_by_role("button", name="More like this").click()
    expect(visitor.page).to_have_url(re.compile(r"\?id="))
    visitor.await_results()
    alike = visitor.addresses
    assert found[1] not in alike and len(alike) == stage.stored - 1 > 0
    visitor.page.reload()
    visitor.await_results()
    assert visitor.addresses == alike

    visitor.page.go_back()
    expect(visitor.page).to_have_url(stage.url)
    visitor.page.go_forward()
    visitor.await_results()
    assert visitor.addresses == alike


def test_back_returns_to_the_picture_that_was_dropped(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    visitor.drop(stage.query("rings"))
    visitor.await_results()
    found = visitor.addresses
    visitor.page.get_by_role("button", name="More like this: rings").first.focus()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#status")).to_have_text(f"{stage.stored - 1} pictures")
    visitor.page.go_back()
    expect(visitor.page.get_by_role("img", name=stage.query("rings").name)).to_be_visible()
    visitor.await_results()
    assert visitor.addresses == found


def test_filters_narrow_the_results_and_are_part_of_the_address(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('flowers')}")
    visitor.await_results()
    scores = visitor.scores
    expect(visitor.page.locator("#labels option")).to_have_count(7)

    visitor.page.get_by_label("Label", exact=True).fill("night-city")
    visitor.page.keyboard.press("Tab")
    expect(visitor.tiles).to_have_count(PER_CLASS)
    assert set(visitor.labels) == {"night-city"}
    expect(visitor.page).to_have_url(re.compile("name=night-city"))
    visitor.page.reload()
    visitor.await_results()
    assert visitor.labels == ["night-city"] * PER_CLASS
    visitor.page.get_by_role("button", name="Any label").click()
    expect(visitor.tiles).to_have_count(len(scores))

    middle = round(scores[5], 2)
    visitor.page.get_by_label("Minimum score").fill(str(middle))
    expect(visitor.page).to_have_url(re.compile(f"min_score={middle}"))
    visitor.await_results()
    assert 0 < len(visitor.scores) < len(scores) and min(visitor.scores) >= middle - 0.005
    visitor.page.get_by_label("Minimum score").fill("1")
    expect(visitor.page.get_by_role("heading", name="No matches with these filters")).to_be_visible()


def test_more_results_load_until_the_last(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=12")
    visitor.await_results()
    assert visitor.tiles.count() == 12
    more = visitor.page.get_by_role("button", name="Load more")
    expect(visitor.page.locator("#status")).to_have_text("The best 12 pictures")
    more.click()
    expect(visitor.tiles).to_have_count(24)
    expect(visitor.page.locator(".tile .open").nth(12)).to_be_focused()
    expect(more).to_be_hidden()
    expect(visitor.page.locator("#status")).to_have_text("24 pictures")
    assert len(set(visitor.addresses)) == stage.stored - 1 == 24


def test_a_pasted_picture_is_searched_for(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    visitor.paste(stage.query("night-city"))
    visitor.await_results()
    assert visitor.labels[0] == "night-city"


def test_several_pictures_find_pictures_similar_to_all_of_them(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    both = tuple(stage.query(label) for label in DISTINCT)
    visitor.drop(*both)
    expect(visitor.page.get_by_role("heading", name="Like all 2 of these")).to_be_visible()
    visitor.await_results()
    assert sorted(visitor.labels[: 2 * PER_CLASS]) == sorted(DISTINCT * PER_CLASS)

    visitor.page.get_by_role("button", name=f"Remove {both[1].name}").click()
    expect(visitor.page.get_by_role("heading", name="Like this picture")).to_be_visible()
    visitor.await_results()
    assert visitor.labels[:PER_CLASS] == [DISTINCT[0]] * PER_CLASS

    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.get_by_role("button", name="Add one more").click()
    chooser.value.set_files(stage.query("rings"))
    expect(visitor.page.get_by_role("heading", name="Like all 2 of these")).to_be_visible()
    visitor.await_results()
    visitor.tiles.first.get_by_role("button").first.click()
    visitor.page.get_by_role("button", name="Add to the query").click()
    expect(visitor.page.get_by_role("heading", name="Like all 3 of these")).to_be_visible()
    visitor.await_results()


def test_a_text_file_is_rejected_with_a_sentence_and_the_page_stays_usable(
    stage: Stage, visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("Dear picture,")
    visitor = visit(stage.url)
    visitor.expected.append("status of 422")
    visitor.drop(tmp_path / "letter.txt")
    expect(visitor.page.get_by_role("alert")).to_contain_text("The picture is rejected as unsupported")
    visitor.drop(stage.query("citrus"))
    visitor.await_results()
    expect(visitor.page.get_by_role("alert")).to_be_hidden()
    assert visitor.labels[0] == "citrus"


def test_a_drop_without_a_file_shows_an_error(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    visitor.drop()
    expect(visitor.page.get_by_role("alert")).to_contain_text("That is not a file")


def test_an_unknown_id_shows_an_error(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={'0' * 40}")
    visitor.expected.append("status of 404")
    expect(visitor.page.get_by_role("alert")).to_contain_text("0" * 40)


def test_a_search_can_be_retried_when_the_service_is_back(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=12")
    visitor.await_results()
    visitor.expected.append("ERR_INTERNET_DISCONNECTED")
    visitor.page.context.set_offline(True)
    visitor.drop(stage.query("rings"))
    expect(visitor.page.get_by_role("alert")).to_contain_text("does not answer")
    visitor.page.context.set_offline(False)
    visitor.page.get_by_role("button", name="Try again").click()
    visitor.await_results()
    assert visitor.labels[0] == "rings"


def test_a_search_is_not_lost_while_its_code_is_away(stage: Stage, visit: Visit) -> None:
    visitor = visit("about:blank")
    page = visitor.page
    visitor.expected.append("ERR_FAILED")
    page.route("**/search_view.js", lambda route: route.abort())
    page.goto(stage.url)
    visitor.drop(stage.query("rings"))
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    held: list[Route] = []
    page.route("**/results.js", lambda route: held.append(route))
    page.unroute("**/search_view.js")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    # Meanwhile, another one.
    visitor.drop(stage.query(DISTINCT[0]))
    await_true(lambda: page.evaluate("1") and held)
    for route in held:
        route.continue_()
    expect(page.get_by_role("heading", name="Like this picture")).to_be_visible()
    visitor.await_results()
    assert visitor.labels[:PER_CLASS] == [DISTINCT[0]] * PER_CLASS


def test_a_new_search_cancels_the_running_one(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    held: list[Route] = []
    visitor.page.route("**/search", lambda route: held.append(route), times=1)
    with visitor.page.expect_request("**/search"):
        visitor.drop(stage.query("rings"))
    expect(visitor.page.locator("#gallery .placeholder").first).to_be_visible()
    with visitor.page.expect_event("requestfailed") as cancelled:
        visitor.drop(stage.query(DISTINCT[0]))
    assert cancelled.value == held[0].request
    visitor.await_results()
    assert visitor.labels[:PER_CLASS] == [DISTINCT[0]] * PER_CLASS


def test_names_are_shown_as_text_never_as_markup(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('rings')}")
    visitor.page.get_by_label("Label", exact=True).fill(HOSTILE_LABEL)
    visitor.page.keyboard.press("Enter")
    expect(visitor.tiles).to_have_count(1)
    assert visitor.labels == [HOSTILE_LABEL]
    visitor.page.locator(".tile .open").click()
    expect(visitor.page.get_by_role("dialog")).to_contain_text(HOSTILE_LABEL)
    visitor.page.get_by_role("button", name="More like this", exact=True).click()
    expect(visitor.page.get_by_role("img", name=HOSTILE_LABEL)).to_be_visible()
    assert visitor.page.title() == "lookalike"
