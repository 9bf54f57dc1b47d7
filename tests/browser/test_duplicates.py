"""The page of near-duplicates: comparing, deciding by mouse and by keyboard, and the list that a person takes away."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect

from lookalike.samples import Sample, keep
from lookalike.settings import read_settings
from testing.processes import await_true, make_home
from tests.browser.conftest import Visit
from tests.browser.stage import READY_TIMEOUT_S, SEED, fill, serving, settle
from tests.browser.visitor import DESKTOP, PHONE, Visitor

#: Pictures of classes that are far from one another.
CLASSES = ("rings", "citrus", "night-city")
ALONE = "mountains-at-dusk"
#: When all files were changed: how long the test takes to write them decides nothing.
CHANGED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one class a picture and its copy, of two a picture that was compressed again, and one picture alone."""
    folder = tmp_path_factory.mktemp("copies")
    for label in (*CLASSES, ALONE):
        path = folder / f"{label}.png"
        keep(Sample(label, 0, SEED), path)
        with Image.open(path) as drawn:
            drawn.convert("RGB").save(path)
    (folder / "rings-copy.png").write_bytes((folder / "rings.png").read_bytes())
    for label in CLASSES[1:]:
        with Image.open(folder / f"{label}.png") as drawn:
            drawn.save(folder / f"{label}-again.jpg", quality=95)
    settle(dict.fromkeys(folder.iterdir(), CHANGED))
    return folder


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, model_home: Path, broker_url: str, copies: Path) -> Iterator[str]:
    """The page of a service with these pictures, which has compared all of them: no group changes any more."""
    settings = read_settings(home=make_home(tmp_path_factory.mktemp("duplicates"), model_home), concurrency=1)
    jobs_url = broker_url.removesuffix("/0") + "/5"
    fill(settings, jobs_url, copies)
    with serving(settings, jobs_url, settings.home) as url:
        groups = f"{url}duplicates/groups"
        with urlopen(Request(groups, method="POST"), timeout=READY_TIMEOUT_S):
            await_true(lambda: state_of(groups) == "finished")
        yield f"{url}duplicates"


def state_of(groups: str) -> str:
    with urlopen(groups, timeout=READY_TIMEOUT_S) as answer:
        return str(json.load(answer)["state"])


def compared(visit: Visit, url: str, size: ViewportSize = DESKTOP, scheme: str = "light") -> Visitor:
    """A visitor who sees the three groups."""
    visitor = visit(url, size=size, color_scheme=scheme, reduced_motion="reduce")
    expect(visitor.page.locator(".group")).to_have_count(3)
    return visitor


def verdicts(page: Page) -> list[str]:
    return page.locator(".verdict").all_inner_texts()


def test_groups_are_decided_by_the_keyboard_and_the_list_is_saved(
    url: str, visit: Visit, copies: Path, tmp_path: Path
) -> None:
    page = compared(visit, url).page
    groups = page.locator(".group")
    expect(page.locator("#found")).to_have_text("3 groups of identical or near pictures among 7 pictures")
    expect(groups.first.get_by_role("heading")).to_have_text("1. 2 identical pictures")
    expect(groups.nth(1).get_by_role("heading")).to_contain_text(re.compile(r"^2\. 2 near pictures, score 0\.9|1\.0"))
    expect(groups.first.locator(".why")).to_have_text("Proposed to keep: the shortest path.")
    expect(groups.first.get_by_role("checkbox", name=f"Keep {copies / 'rings.png'}")).to_be_checked()
    expect(groups.first.get_by_role("checkbox", name=f"Keep {copies / 'rings-copy.png'}")).not_to_be_checked()
    expect(groups.nth(1).locator(".size").first).to_contain_text(re.compile(r"\d+ \u00d7 \d+ \u00b7 [\d.]+\s?kB"))
    expect(groups.nth(1).locator(".date").first).to_contain_text("changed")

    page.locator("#groups").focus()
    page.keyboard.press("Tab")
    expect(groups.first).to_be_focused()
    page.keyboard.press("y")
    expect(groups.nth(1)).to_be_focused()
    page.keyboard.press("n")
    expect(groups.nth(2)).to_be_focused()
    # The other one is kept.
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.keyboard.press("y")
    assert verdicts(page) == ["1 picture to remove", "No duplicates", "1 picture to remove"]
    expect(page.locator("#decided")).to_contain_text("3 groups decided, 2 pictures to remove (")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("u")
    expect(page.locator("#decided")).to_contain_text("2 groups decided, 2 pictures to remove (")

    page.reload()
    expect(groups).to_have_count(3)
    assert verdicts(page) == ["1 picture to remove", "", "1 picture to remove"]
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save list as CSV").click()
    saved.value.save_as(tmp_path / "list.csv")
    rows = list(csv.DictReader((tmp_path / "list.csv").read_text().splitlines()))
    removed = [row["uri"] for row in rows if row["decision"] == "remove"]
    assert len(rows) == 4 and removed[0] == str(copies / "rings-copy.png")
    assert all(int(row["width"]) > 0 and int(row["size_bytes"]) > 0 and row["modified_at"] for row in rows)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save list as JSON").click()
    saved.value.save_as(tmp_path / "list.json")
    listed = json.loads((tmp_path / "list.json").read_text())["groups"]
    assert [each["remove"][0]["uri"] for each in listed] == removed
    assert listed[0]["keep"][0]["uri"] == str(copies / "rings.png")
    assert all(Path(uri).is_file() for uri in removed)

    page.get_by_role("button", name="Forget decisions").click()
    expect(page.locator("#decided")).to_have_text("Nothing decided yet")
    assert verdicts(page) == ["", "", ""]


def test_groups_are_decided_by_the_mouse(url: str, visit: Visit, copies: Path) -> None:
    visitor = compared(visit, url)
    page = visitor.page
    first = page.locator(".group").first
    first.get_by_role("checkbox", name="rings-copy").check()
    expect(first.get_by_role("button", name="Remove the others")).to_be_disabled()
    first.get_by_role("button", name="No duplicates").click()
    expect(first.locator(".verdict")).to_have_text("No duplicates")
    # Another box changes the decision.
    first.get_by_role("checkbox", name="rings-copy").uncheck()
    expect(first.locator(".verdict")).to_have_text("1 picture to remove")
    first.get_by_role("button", name="Undecided").click()
    expect(page.locator("#decided")).to_have_text("Nothing decided yet")

    first.get_by_role("button", name="A closer look").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#closer-picture.loaded")).to_be_visible()
    expect(dialog.get_by_role("heading")).to_have_text("1 of 2")
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_role("heading")).to_have_text("2 of 2")
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading")).to_have_text("1 of 2")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_threshold_and_place_are_part_of_the_address(url: str, visit: Visit) -> None:
    page = compared(visit, url).page
    page.get_by_label("Lowest score").fill("1")
    expect(page).to_have_url(f"{url}?threshold=1")
    expect(page.locator("#review")).to_be_hidden()
    page.go_back()
    expect(page.locator(".group")).to_have_count(3)
    expect(page.locator("#threshold-shown")).to_have_text("0.98")

    page.goto(f"{url}?offset=1")
    expect(page.locator(".group")).to_have_count(2)
    expect(page.locator(".group h3").first).to_have_text(re.compile(r"^2\."))
    expect(page.get_by_role("button", name="Further groups")).to_be_disabled()
    page.locator(".group").first.focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".group")).to_have_count(3)
    expect(page.locator(".group").last).to_be_focused()
    expect(page).to_have_url(url)


def test_only_pictures_that_meet_the_filters_are_compared(url: str, visit: Visit, copies: Path) -> None:
    page = visit(f"{url}?metadata.number.max=1").page
    expect(page.locator("#conditions")).to_have_text("Among pictures with number to 1.")
    page.get_by_role("button", name="Compare all pictures").click()
    expect(page.locator("#found")).to_have_text(re.compile("among 2 pictures"))
    expect(page.get_by_role("button", name="Compare again")).to_be_enabled()


def test_a_bad_threshold_of_the_address_is_the_usual_one_and_a_bad_filter_is_told(url: str, visit: Visit) -> None:
    visitor = visit(f"{url}?threshold=7&metadata.nothing=1")
    visitor.expected.append("status of 400")
    expect(visitor.page.locator("#threshold-shown")).to_have_text("0.98")
    visitor.page.get_by_role("button", name="Compare").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("nothing")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desktop-light"])
def test_the_page_of_duplicates_passes_axe(
    size: ViewportSize, scheme: str, url: str, visit: Visit, artifacts: Path
) -> None:
    visitor = compared(visit, url, size, scheme)
    page = visitor.page
    page.locator(".group .yes").first.click()
    expect(page.locator(".member img.loaded").first).to_be_visible()
    page.screenshot(path=artifacts / f"duplicates-{size['width']}-{scheme}.png")
    assert visitor.broken_rules() == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.locator(".member .open").first.click()
    expect(page.locator("#closer-picture.loaded")).to_be_visible()
    assert visitor.broken_rules() == []
