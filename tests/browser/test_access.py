"""Accessibility of the page: axe-core's rules, the keyboard, small and large screens, light and dark."""

from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.visitor import DESKTOP, PHONE

#: Cumulative layout shift while the page loads; web.dev rates up to 0.1 as good.
MOST_SHIFT = 0.05
SHIFT = """new Promise((done) => new PerformanceObserver((list) => done(
    list.getEntries().filter((entry) => !entry.hadRecentInput).reduce((sum, entry) => sum + entry.value, 0)
)).observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 500))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_view_passes_axe(size: ViewportSize, scheme: str, stage: Stage, visit: Visit, artifacts: Path) -> None:
    visitor = visit(stage.url, size=size, color_scheme=scheme, reduced_motion="reduce")
    page = visitor.page

    def look(view: str) -> None:
        page.screenshot(path=artifacts / f"{view}-{size['width']}-{scheme}.png")
        assert visitor.broken_rules() == [], view
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, view

    expect(page.locator("#facts bdi")).to_have_count(3)
    expect(page.locator("#collection .tile:not(.placeholder)").first).to_be_visible()
    look("start")
    visitor.drop(stage.query("citrus"), stage.query("flowers"), stage.query("rings"))
    visitor.await_results()
    look("results")
    page.locator(".tile .open").first.click()
    expect(page.locator("#detail-picture.loaded")).to_be_visible()
    look("detail")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Jobs").click()
    expect(page.locator(".job")).to_have_count(2)
    look("jobs")
    page.get_by_role("button", name="Show 2 failed pictures").click()
    expect(page.locator(".failure")).to_have_count(2)
    look("failed")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    visitor.drop()
    expect(page.get_by_role("alert")).to_be_visible()
    look("error")


def test_the_whole_page_works_with_the_keyboard(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=12")
    visitor.await_results()
    page = visitor.page
    # It appears when the fields are known, whatever has been found before.
    expect(page.get_by_role("button", name="More filters")).to_be_visible()
    walked = []
    for _ in range(19):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        walked.append(page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"))
    first = page.locator(".tile .open").first.get_attribute("aria-label") or ""
    chip = ["Choose a part of stored picture", "Remove stored picture", "Weight of stored picture"]
    filters = ["label", "min-score", "k", "sort", "options", "more-filters"]
    assert walked[2:17] == ["map-link", "jobs-button", *chip, "choose", "add", *filters, "export-button", first]
    assert [walked[17].split(":")[0], walked[18].split(":")[0]] == ["More like this", "Less like this"]

    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tile .open").nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".tile .open").nth(2)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_be_focused()
    expect(page.locator(".example img")).not_to_have_attribute("alt", "stored picture")


@pytest.mark.parametrize(
    "size", [PHONE, DESKTOP, ViewportSize(width=3840, height=2160)], ids=["phone", "desktop", "4k"]
)
def test_the_layout_is_stable_while_the_page_loads(
    size: ViewportSize, stage: Stage, visit: Visit, artifacts: Path
) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('rings')}", size=size)
    visitor.await_results()
    visitor.page.screenshot(path=artifacts / f"arrival-{size['width']}.png")
    assert visitor.page.evaluate(SHIFT) < MOST_SHIFT
    assert visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
