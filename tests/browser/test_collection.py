"""The start page: the stored pictures in several orders, by mouse and by keyboard, and a grid of any length."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from tests.browser.conftest import Visit
from tests.browser.stage import HOSTILE_LABEL, LABELS, PER_CLASS, Stage
from tests.browser.visitor import DESKTOP, PHONE, TIMEOUT_MS, Visitor

#: Makes a grid of a million places with the modules of the page, and says what is there after each of these steps.
MILLION = """async ([url, timeout_ms]) => {
    const {Grid} = await import(url);
    const section = document.querySelector("#collection");
    const frame = section.appendChild(document.createElement("div"));
    frame.className = "grid-frame";
    const list = frame.appendChild(document.createElement("ul"));
    list.className = "gallery grid";
    const tile = (item) => {
        const element = document.createElement("li");
        element.className = "tile";
        element.innerHTML = '<button class="open" type="button"></button><p class="caption"></p>';
        element.querySelector(".open").textContent = item.name;
        return element;
    };
    const items = new Map();
    const item = (place) => {
        items.set(place, items.get(place) ?? {name: `picture ${place}`});
        return items.get(place);
    };
    const grid = new Grid(frame, list, {item, tile, seen: () => {}});
    const until = async (holds) => {
        const begun = performance.now();
        while (!holds()) {
            if (performance.now() - begun > timeout_ms) {
                throw new Error(`not within ${timeout_ms} ms: ${holds}`);
            }
            await new Promise(requestAnimationFrame);
        }
    };
    const places = () => [...list.children].map((element) => Number(element.dataset.place));
    const inside = () => [...list.children].filter((element) => {
        const {top, bottom} = element.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
    });
    const found = {counts: []};
    const look = () => {
        found.counts.push(list.children.length);
        const there = places();
        if (there.some((place, at) => place !== there[0] + at)) {
            throw new Error(`out of order: ${there}`);
        }
    };
    grid.show(1_000_000, 1_000_000);
    await until(() => places()[0] === 0);
    look();
    window.scrollTo(0, document.documentElement.scrollHeight);
    await until(() => places().at(-1) === 999_999 && inside().includes(list.lastElementChild));
    look();
    frame.scrollIntoView({block: "center"});
    await until(() => Math.abs(places()[0] - 500_000) < 2_000 && inside().length);
    look();
    const watched = inside()[0];
    const before = watched.getBoundingClientRect().top;
    const {top} = grid;
    window.scrollBy(0, 120);
    await until(() => grid.top !== top);
    found.moved = before - watched.getBoundingClientRect().top;
    list.querySelector("[tabindex='0']").focus();
    const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    found.walked = [];
    for (const key of ["Home", "ArrowDown", "ArrowRight", "End", "ArrowLeft"]) {
        press(key);
        await until(() => document.activeElement.closest(".grid") === list);
        found.walked.push(document.activeElement.textContent);
        look();
    }
    found.isInside = inside().includes(document.activeElement.parentElement);
    found.columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    return found;
}"""


def tiles(visitor: Visitor) -> Locator:
    return visitor.page.locator("#collection .tile:not(.placeholder)")


def names(visitor: Visitor) -> list[str]:
    return visitor.page.locator("#collection .tile .name").all_inner_texts()


def order(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("button", name=name, exact=True)


@pytest.mark.parametrize("index", ["stage", "opensearch_stage"])
def test_the_start_shows_all_pictures_in_several_orders(
    index: str, request: pytest.FixtureRequest, visit: Visit
) -> None:
    stage: Stage = request.getfixturevalue(index)
    visitor = visit(stage.url)
    page = visitor.page
    expect(tiles(visitor)).to_have_count(stage.stored)
    expect(page.locator("#collection-status")).to_have_text(f"{stage.stored} pictures")
    expect(order(visitor, "Newest")).to_have_attribute("aria-pressed", "true")
    assert sorted(names(visitor)) == sorted([*LABELS * PER_CLASS, HOSTILE_LABEL])

    order(visitor, "By date taken").click()
    expect(page).to_have_url(re.compile(r"\?browse=taken$"))
    expect(order(visitor, "By date taken")).to_have_attribute("aria-pressed", "true")
    expect(tiles(visitor)).to_have_count(stage.stored)

    order(visitor, "By label").click()
    expect(page).to_have_url(re.compile(r"\?browse=label$"))
    expect(tiles(visitor)).to_have_count(stage.stored)
    assert names(visitor) == sorted([*LABELS * PER_CLASS, HOSTILE_LABEL])
    chips = page.get_by_role("list", name="Labels").get_by_role("button")
    expect(chips).to_have_count(len(LABELS) + 2)
    chips.filter(has_text="night-city").click()
    expect(tiles(visitor)).to_have_count(PER_CLASS)
    assert set(names(visitor)) == {"night-city"}
    expect(chips.filter(has_text="night-city")).to_have_text(f"night-city{PER_CLASS}")
    page.reload()
    expect(page.locator("#collection-status")).to_have_text(f"{PER_CLASS} pictures with these filters")
    page.get_by_role("button", name="Show all").click()
    expect(tiles(visitor)).to_have_count(stage.stored)

    order(visitor, "At random").click()
    expect(page).to_have_url(re.compile(r"browse=random&seed=\d+"))
    expect(tiles(visitor)).to_have_count(stage.stored)
    shuffled = [tile.get_attribute("title") for tile in tiles(visitor).all()]
    page.reload()
    expect(tiles(visitor)).to_have_count(stage.stored)
    assert [tile.get_attribute("title") for tile in tiles(visitor).all()] == shuffled
    page.go_back()
    expect(order(visitor, "By label")).to_have_attribute("aria-pressed", "true")
    page.go_forward()
    expect(order(visitor, "At random")).to_have_attribute("aria-pressed", "true")


def test_a_picture_of_the_collection_starts_a_search_and_back_returns(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    page = visitor.page
    expect(tiles(visitor)).to_have_count(stage.stored)
    tile = tiles(visitor).filter(has_text="rings").last
    tile.scroll_into_view_if_needed()
    tile.hover()
    tile.get_by_role("button", name="More like this").click()
    visitor.await_results()
    expect(tiles(visitor)).to_have_count(0)
    expect(page.locator("#collection")).to_be_hidden()
    page.go_back()
    expect(tiles(visitor)).to_have_count(stage.stored)
    page.get_by_role("button", name="By label").click()
    # The name of a picture's button has its label as well.
    page.locator("#collection-labels").get_by_role("button", name="citrus").click()
    expect(page).to_have_url(re.compile("name=citrus"))


def test_the_collection_is_walked_by_the_keyboard(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?browse=label")
    page = visitor.page
    expect(tiles(visitor)).to_have_count(stage.stored)
    expect(page.locator("#collection-labels button")).to_have_count(len(LABELS) + 2)
    page.get_by_role("button", name="All labels").focus()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#collection-labels li:nth-child(2) button")).to_be_focused()
    page.keyboard.press("Tab")
    expect(tiles(visitor).first.locator(".open")).to_be_focused()
    page.keyboard.press("End")
    expect(tiles(visitor).last.locator(".open")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(tiles(visitor).nth(1).locator(".open")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#detail-picture.loaded")).to_be_visible()
    expect(dialog).to_contain_text(tiles(visitor).nth(1).get_attribute("title") or "?")
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text(tiles(visitor).nth(2).get_attribute("title") or "?")
    page.keyboard.press("Escape")
    expect(tiles(visitor).nth(1).locator(".open")).to_be_focused()


def test_filters_of_the_address_narrow_the_collection(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?metadata.folder=rings")
    expect(tiles(visitor)).to_have_count(PER_CLASS)
    visitor.page.goto(f"{stage.url}?metadata.folder=nowhere")
    expect(visitor.page.locator("#collection-none")).to_have_text("No pictures with these filters")


def test_pictures_can_be_listed_when_the_service_is_back(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    visitor.expected.append("ERR_INTERNET_DISCONNECTED")
    expect(tiles(visitor)).to_have_count(stage.stored)
    visitor.page.context.set_offline(True)
    order(visitor, "At random").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("does not answer")
    visitor.page.context.set_offline(False)
    visitor.page.get_by_role("button", name="Try again").click()
    expect(tiles(visitor)).to_have_count(stage.stored)
    expect(visitor.page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_grid_scrolls_through_a_million(size: ViewportSize, stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?metadata.folder=nowhere", size=size)
    expect(visitor.page.locator("#collection-none")).to_have_text("No pictures with these filters")
    found = visitor.page.evaluate(MILLION, [f"{stage.url}page/grid.js", TIMEOUT_MS])
    columns = found["columns"]
    assert max(found["counts"]) < 200 and found["moved"] == pytest.approx(120, abs=2) and found["isInside"]
    walked = [0, columns, columns + 1, 999_999, 999_998]
    assert found["walked"] == [f"picture {place}" for place in walked]


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desktop-light"])
def test_the_collection_passes_axe(
    size: ViewportSize, scheme: str, stage: Stage, visit: Visit, artifacts: Path
) -> None:
    visitor = visit(f"{stage.url}?browse=label", size=size, color_scheme=scheme, reduced_motion="reduce")
    expect(visitor.page.locator("#collection-status")).to_have_text(f"{stage.stored} pictures")
    expect(visitor.page.locator("#collection-labels button")).to_have_count(len(LABELS) + 2)
    expect(tiles(visitor).first.locator("img.loaded")).to_be_visible()
    visitor.page.screenshot(path=artifacts / f"collection-{size['width']}-{scheme}.png")
    assert visitor.broken_rules() == []
    width = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0
