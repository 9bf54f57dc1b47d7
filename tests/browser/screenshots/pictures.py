"""The page of searches, before and after them, and the map."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from lookalike.mapping.keeping import keep_map
from tests.browser.screenshots.stages import stage_of_all
from tests.browser.screenshots.views import DARK, HANDHELD, LIGHT, SMALL, VIEWS, View, keep, seeing
from tests.browser.stage import Stage


def search(browser: Browser, folder: Path) -> None:
    with stage_of_all(folder) as (stage, _):
        _results(browser, folder, stage, LIGHT, ["mountains-at-dusk"])
        _results(browser, folder, stage, DARK, ["mountains-at-dusk"])
        _results(browser, folder, stage, HANDHELD, ["citrus", "flowers"])
        _query(browser, folder, stage)


def start(browser: Browser, folder: Path) -> None:
    """All pictures, before there is a query."""
    with stage_of_all(folder) as (stage, _):
        for view, order in zip(VIEWS, ("label", "label", "random&seed=11"), strict=True):
            with seeing(browser, view) as visitor:
                visitor.page.goto(f"{stage.url}?browse={order}")
                expect(visitor.page.locator("#facts bdi")).to_have_count(3)
                expect(visitor.page.locator("#collection .tile img").first).to_be_attached()
                visitor.await_pictures()
                keep(visitor.page, folder, f"start-{view.name}", SMALL)


def chart(browser: Browser, folder: Path) -> None:
    """The map with a selected cluster."""
    with stage_of_all(folder) as (stage, settings):
        keep_map(settings)
        for view in VIEWS:
            _charted(browser, folder, stage.url, view)


def _charted(browser: Browser, folder: Path, url: str, view: View) -> None:
    with seeing(browser, view) as visitor:
        visitor.page.goto(f"{url}map")
        visitor.page.locator("#clusters button").first.click()
        if not view.is_phone:
            visitor.page.get_by_role("button", name="Like all of these").click()
            visitor.page.locator("#matched img").first.wait_for()
            expect(visitor.page.locator("#matched img:not(.loaded)")).to_have_count(0)
        # A click on a button below the map has scrolled, and the browser loads thumbnails in view only.
        visitor.page.evaluate("scrollTo(0, 0)")
        # They are chosen, and those that are not selected are faint, when the map has come to rest.
        visitor.page.locator("#thumbnails .faint").first.wait_for()
        expect(visitor.page.locator("#thumbnails img:not(.loaded)")).to_have_count(0)
        keep(visitor.page, folder, f"map-{view.name}")


def _results(browser: Browser, folder: Path, stage: Stage, view: View, labels: list[str]) -> None:
    with seeing(browser, view) as visitor:
        visitor.page.goto(stage.url)
        # Twice: the first search of a service is its slowest.
        for _ in range(2):
            visitor.drop(*(stage.query(label) for label in labels))
            visitor.await_results()
        # A phone shows either the query or what it finds.
        below = "scrollY + document.querySelector('#gallery').getBoundingClientRect().top - 100"
        visitor.page.evaluate(f"scrollTo(0, {below if view.is_phone else 0})")
        visitor.await_pictures()
        keep(visitor.page, folder, f"page-{view.name}")


def _query(browser: Browser, folder: Path, stage: Stage) -> None:
    """A search with what is wanted and what is not, and a part of a picture that is chosen."""
    citrus, flowers, balloons = map(stage.id_of, ("citrus", "flowers", "hot-air-balloons"))
    with seeing(browser, DARK) as visitor:
        visitor.page.goto(f"{stage.url}?example=2:{citrus}@pct:12,14,62,40&example={flowers}&example=-1:{balloons}")
        visitor.await_results()
        keep(visitor.page, folder, "page-query")
        visitor.page.get_by_role("button", name="Another part of stored picture").click()
        visitor.page.locator("#part-picture.loaded").wait_for()
        keep(visitor.page, folder, "page-part")
