"""Every page in Firefox: a search by a picture, a part by mouse and by keyboard, dialogs, the map, the duplicates."""

from collections.abc import Iterator

import pytest

from lookalike.mapping.keeping import keep_map
from lookalike.settings import Settings
from tests.browser.conftest import without
from tests.browser.firefox import Firefox, running
from tests.browser.stage import DISTINCT, Stage

COUNT = "([selector, count]) => document.querySelectorAll(selector).length === count"
FOCUS = "(selector) => document.querySelector(selector).focus()"
#: The uris of the results, when the latest search is answered.
RESULTS = """() => document.querySelector("#gallery").getAttribute("aria-busy") === "false"
    && [...document.querySelectorAll("#gallery .tile")].map((tile) => tile.title)"""


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with without(lambda: running(tmp_path_factory.mktemp("profile"))) as opened:
        yield opened


def test_a_search_a_part_and_the_dialogs_work_in_firefox(stage: Stage, firefox: Firefox) -> None:
    firefox.open(stage.url)
    firefox.await_true(COUNT, ["#collection .tile:not(.placeholder)", stage.stored])
    firefox.drop(stage.query(DISTINCT[0]))
    firefox.await_text("#query-title", "Like this picture")
    firefox.await_true(RESULTS)
    assert firefox.evaluate(RESULTS) == stage.found_by(stage.query(DISTINCT[0]))
    firefox.click("#more-filters")
    firefox.await_true("() => document.querySelectorAll('#fields .bars span').length > 1")
    firefox.click("#more-filters")
    firefox.await_true("() => document.querySelector('#fields').hidden")

    firefox.click("#gallery .open")
    firefox.await_true("() => document.querySelector('#detail-picture')?.matches('.loaded')")
    firefox.drag("#detail-picture", (0.4, 0.4), (0.6, 0.6))
    drawn = firefox.await_text("#detail-part", "of the picture")
    firefox.evaluate(FOCUS, ".crop")
    firefox.press("ArrowRight")
    assert firefox.await_text("#detail-part", "of the picture") != drawn
    firefox.click("#detail-more", "More like this part")
    firefox.await_text("#query-title", "Like this part")
    firefox.await_true("() => location.search.includes('%40pct%3A')")
    firefox.await_true(RESULTS)

    firefox.evaluate(FOCUS, "#gallery .open")
    firefox.press("x")
    firefox.press("Shift+ArrowRight")
    firefox.await_text("#selected-count", "2 pictures selected")
    firefox.click("#export-button")
    firefox.await_text("#export-what", "2 selected pictures")
    firefox.press("Escape")
    firefox.click("#jobs-button")
    firefox.await_text(".job", "finished")
    firefox.press("Escape")
    firefox.back()
    firefox.await_text("#query-title", "Like this picture")
    assert firefox.errors() == []


def test_the_map_and_the_duplicates_work_in_firefox(stage: Stage, settings: Settings, firefox: Firefox) -> None:
    keep_map(settings)
    firefox.open(f"{stage.url}map")
    firefox.await_text("#facts", f"{stage.stored} pictures")
    firefox.await_true("() => document.querySelector('#frame').getAttribute('aria-busy') === 'false'")
    firefox.click("[data-tool=rectangle]")
    firefox.drag("#place", (0.01, 0.01), (0.99, 0.99))
    firefox.await_text("#selection-title", f"{stage.stored} pictures selected")
    firefox.evaluate(FOCUS, "#points")
    firefox.press("Escape")
    firefox.await_true("() => document.querySelector('#selection').hidden")
    firefox.click("#clusters button")
    firefox.click("#like")
    firefox.await_text("#matches-title", "Like all of these")
    firefox.await_true("() => document.querySelectorAll('#matched li').length > 0")

    firefox.open(f"{stage.url}duplicates")
    firefox.click("#compare")
    firefox.await_text("#found", f"among {stage.stored} pictures")
    assert firefox.errors() == []
