"""What is done with results on the page: cut off, sorted, grouped, spread, selected, copied and saved."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.stage import LABELS, Stage
from tests.browser.visitor import CLIPBOARD, Visitor

#: Unpacked bytes of each file that the page had begun to load when it showed itself.
SIZES = """(async () => {
    const mark = () => performance.getEntriesByName("shown")[0];
    while (!mark()) {
        await new Promise(requestAnimationFrame);
    }
    return Object.fromEntries(performance.getEntries()
        .filter(({ entryType, name }) => entryType === "navigation" || name.includes("/page/"))
        .filter(({ startTime }) => startTime < mark().startTime)
        .map(({ name, decodedBodySize }) => [name, decodedBodySize]));
})()"""


def test_the_slider_says_how_many_pictures_remain(stage: Stage, visit: Visit) -> None:
    """Of all pictures, and not only of those that are shown."""
    scores = [match["score"] for match in stage.matches({"id": stage.id_of("citrus")})]
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=12")
    visitor.await_results()
    least = round((scores[15] + scores[16]) / 2, 2)
    slider = visitor.page.get_by_label("Minimum score")
    slider.fill(str(least))
    remain = sum(score >= least for score in scores)
    expect(visitor.page.locator("#min-score-shown")).to_have_text(f"{least:.2f} \u00b7 {remain} remain")
    expect(visitor.page).to_have_url(re.compile(f"min_score={least}"))
    visitor.await_results()
    assert visitor.tiles.count() == min(12, remain)
    slider.focus()
    visitor.page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "1.00, 0 remain")
    expect(visitor.page.get_by_role("heading", name="No matches with these filters")).to_be_visible()


@pytest.mark.parametrize("index", ["stage", "opensearch_stage"])
def test_results_are_sorted_grouped_and_spread_and_the_address_says_so(
    index: str, request: pytest.FixtureRequest, visit: Visit
) -> None:
    stage: Stage = request.getfixturevalue(index)
    id = stage.id_of("citrus")
    visitor = visit(f"{stage.url}?id={id}&k=12")
    visitor.await_results()
    page = visitor.page
    page.get_by_label("Sort by").select_option("number, descending")
    expect(page).to_have_url(re.compile(r"sort=-metadata\.number"))
    visitor.await_results()
    assert visitor.addresses == stage.asked({"id": id}, sort="-number", k=12)
    values = [int(text) for text in page.locator(".tile .value").all_inner_texts()]
    assert values == sorted(values, reverse=True) and len(values) == 12
    expect(page.locator("#status")).to_have_text(f"12 pictures of the {stage.stored} nearest")
    page.get_by_role("button", name="Load more").click()
    expect(visitor.tiles).to_have_count(24)

    page.get_by_role("button", name="Options").click()
    page.get_by_label("Show the best of each").select_option("label")
    expect(visitor.tiles).to_have_count(len(LABELS) + 1)
    page.get_by_label("Exact: compare every picture").check()
    expect(page).to_have_url(re.compile(r"sort=-metadata\.number&group_by=label&exact=true"))
    page.reload()
    visitor.await_results()
    assert visitor.addresses == stage.asked({"id": id}, sort="-number", group_by="label", exact=True, k=12)
    expect(page.get_by_role("button", name="Options (2)")).to_be_visible()
    page.go_back()
    visitor.await_results()
    expect(page).not_to_have_url(re.compile("exact"))
    page.go_back()
    expect(visitor.tiles).to_have_count(12)


def test_variety_and_another_order_exclude_each_other(stage: Stage, visit: Visit) -> None:
    id = stage.id_of("citrus")
    visitor = visit(f"{stage.url}?id={id}&k=6&sort=label")
    visitor.await_results()
    visitor.page.get_by_role("button", name="Options").click()
    visitor.page.get_by_label("Variety").fill("0.5")
    expect(visitor.page).to_have_url(re.compile(r"k=6&diversity=0\.5$"))
    visitor.await_results()
    assert visitor.addresses == stage.asked({"id": id}, diversity=0.5, k=6)
    expect(visitor.page.get_by_role("button", name="Load more")).to_be_hidden()
    visitor.page.get_by_label("Sort by").select_option("added, newest first")
    expect(visitor.page).to_have_url(re.compile("k=6&sort=ingested$"))
    visitor.await_results()
    expect(visitor.page.get_by_label("Variety")).to_have_value("0")


def test_a_search_whose_index_has_moved_says_so_and_begins_again(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=12")
    visitor.await_results()
    visitor.expected.append("status of 400")
    visitor.page.route(
        "**/search", lambda route: route.continue_(post_data=_spoilt(route.request.post_data_json)), times=1
    )
    visitor.page.get_by_role("button", name="Load more").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("The index has changed")
    assert visitor.tiles.count() == 12
    visitor.page.get_by_role("button", name="Try again").click()
    visitor.await_results()
    expect(visitor.page.get_by_role("alert")).to_be_hidden()
    visitor.page.get_by_role("button", name="Load more").click()
    expect(visitor.tiles).to_have_count(24)


def _spoilt(query: Any) -> str:
    return json.dumps({**query, "cursor": "W10"})


def selected(visitor: Visitor) -> list[str]:
    return [tile.get_attribute("title") or "" for tile in visitor.page.locator(".tile.selected").all()]


def test_results_are_selected_by_mouse_and_searched_with(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=12")
    visitor.await_results()
    found = visitor.addresses
    bar = visitor.page.get_by_role("region", name="Selected pictures")
    visitor.page.locator(".tile .pick").nth(1).check()
    visitor.page.locator(".tile .open").nth(4).click(modifiers=["Shift"])
    visitor.page.locator(".tile .open").nth(2).click(modifiers=["ControlOrMeta"])
    expect(bar).to_contain_text("3 pictures selected")
    assert selected(visitor) == [found[1], found[3], found[4]]
    bar.get_by_role("button", name="Search like all of these").click()
    expect(visitor.page.get_by_role("heading", name="Like all 3 of these")).to_be_visible()
    visitor.await_results()
    assert visitor.addresses == stage.asked(*({"uri": found[at]} for at in (1, 3, 4)), k=12)
    expect(bar).to_be_hidden()
    visitor.page.locator(".tile .pick").first.check()
    bar.get_by_role("button", name="Less like these").click()
    expect(visitor.page.get_by_role("heading", name="Like all 3 of these, not like the other")).to_be_visible()


def test_results_are_selected_with_the_keyboard_copied_and_saved(stage: Stage, visit: Visit, tmp_path: Path) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=12", permissions=CLIPBOARD)
    visitor.await_results()
    page, found = visitor.page, visitor.addresses
    page.locator(".tile .open").first.focus()
    page.keyboard.press("x")
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "ArrowRight", "ArrowRight", "x"):
        page.keyboard.press(key)
    expect(page.locator(".tile.selected")).to_have_count(4)
    assert selected(visitor) == [*found[:3], found[4]]
    page.keyboard.press("Escape")
    assert selected(visitor) == []
    page.keyboard.press("ControlOrMeta+a")
    assert selected(visitor) == found
    page.keyboard.press("x")
    expect(page.get_by_role("region", name="Selected pictures")).to_contain_text("11 pictures selected")

    page.get_by_role("button", name="Share and save").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Share and save")
    expect(dialog).to_contain_text("11 selected pictures")
    chosen = [*found[:4], *found[5:]]
    dialog.get_by_role("button", name="Copy the addresses").click()
    expect(dialog.get_by_role("status")).to_have_text("The addresses are copied.")
    assert visitor.clipboard.splitlines() == chosen
    dialog.get_by_role("button", name="Copy the link").click()
    expect(dialog.get_by_role("status")).to_have_text("The link is copied.")
    assert visitor.clipboard == page.url == dialog.get_by_label("Link to this search").input_value()
    for name in ("CSV", "JSON"):
        with page.expect_download() as download:
            dialog.get_by_role("button", name=f"Save as {name}").click()
        assert download.value.suggested_filename == f"lookalike-results.{name.lower()}"
        download.value.save_as(tmp_path / name)
    with (tmp_path / "CSV").open(newline="") as file:
        rows = list(csv.DictReader(file))
    saved = json.loads((tmp_path / "JSON").read_text())
    assert [row["uri"] for row in rows] == [match["uri"] for match in saved["matches"]] == chosen
    assert saved["search"] == page.url
    for row, match in zip(rows, saved["matches"], strict=True):
        assert float(row["score"]) == match["score"] and int(row["number"]) == match["metadata"]["number"]
        assert json.loads(row["tags"]) == match["metadata"]["tags"] and row["label"] == match["name"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("#results")).to_be_focused()
    assert selected(visitor) == []


def test_saved_texts_are_no_formulas(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    match = {"id": "1", "uri": "/a,b", "name": "=HYPERLINK(1)", "score": -0.5, "metadata": {"label": 'x"y', "n": -3}}
    table = visitor.page.evaluate("async (match) => (await import('/page/tables.js')).toCsv([match])", match)
    assert table.splitlines() == [
        "id,uri,label,score,taken_at_ms,ingested_at,metadata.label,n",
        """1,"/a,b",'=HYPERLINK(1),-0.5,,,"x""y",-3""",
    ]


def test_a_job_says_how_fast_it_is_and_how_long_it_takes(stage: Stage, visit: Visit) -> None:
    """From what it did lately, not since it began: it may have waited for a worker."""
    visitor = visit(stage.url)
    looks = """async (looks) => {
        const { Rates, secondsLeft } = await import("/page/rates.js");
        const rates = new Rates();
        return looks.map(([at_s, indexed]) => {
            const counts = { found: 100, indexed, unchanged: 0, rejected: 0 };
            const job = { id: "a", state: "draining", seconds: 1000 + at_s, ...counts };
            const rate = rates.of(job, at_s);
            return [rate, secondsLeft(job, rate)];
        });
    }"""
    rates = visitor.page.evaluate(looks, [[0, 0], [2, 10], [8, 40], [10, 60], [20, 60]])
    assert rates[0] == [None, None] and rates[1][0] == pytest.approx(10 / 1002)
    assert rates[2:] == [pytest.approx([5, 12]), pytest.approx([6.25, 6.4]), [0, None]]


@pytest.mark.parametrize(("query", "part"), [("", "collection.js"), ("?id={id}&k=12", "search_view.js")])
def test_the_page_shows_itself_with_little_code(query: str, part: str, stage: Stage, visit: Visit) -> None:
    """What the browser loads before the first sight; the rest is loaded later."""
    visitor = visit(stage.url + query.format(id=stage.id_of("citrus")))
    expect(visitor.tiles.first).to_be_visible()
    sizes: dict[str, int] = visitor.page.evaluate(SIZES)
    assert {"main.js", "query.css", part} <= {name.rsplit("/", 1)[-1] for name in sizes}
    assert sum(sizes.values()) < 100_000, sizes
