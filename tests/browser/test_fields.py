"""Filters by metadata on the page: values and ranges, chips, the address, the keyboard, and hostile values."""

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from lookalike import factories
from lookalike.index.places import milliseconds
from lookalike.metadata import FieldType, Kind
from lookalike.records import Metadata
from lookalike.settings import Settings, read_settings
from tests.browser.conftest import Visit
from tests.browser.stage import HOSTILE_LABEL, PER_CLASS, Stage, fill, serving
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.index.documents import write


def opened(visit: Visit, stage: Stage, address: str = "", size: ViewportSize = DESKTOP) -> Visitor:
    """A search with the filters by metadata opened."""
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=48{address}", size=size)
    visitor.await_results()
    visitor.page.get_by_role("button", name="More filters").click()
    expect(group(visitor, "tags").get_by_role("checkbox")).to_have_count(4)
    return visitor


def group(visitor: Visitor, field: str) -> Locator:
    return visitor.page.get_by_role("group", name=field, exact=True)


def chips(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("list", name="Filters that are set").get_by_role("button")


@pytest.mark.parametrize("index", ["stage", "opensearch_stage"])
def test_values_and_ranges_narrow_the_results_and_are_part_of_the_address(
    index: str, request: pytest.FixtureRequest, visit: Visit
) -> None:
    stage: Stage = request.getfixturevalue(index)
    visitor = opened(visit, stage)
    folders = group(visitor, "folder")
    expect(folders.get_by_role("checkbox", name="rings")).to_have_accessible_name(f"rings {PER_CLASS}")
    folders.get_by_role("checkbox", name="rings").check()
    expect(visitor.tiles).to_have_count(PER_CLASS)
    folders.get_by_role("checkbox", name="flowers").check()
    expect(visitor.tiles).to_have_count(2 * PER_CLASS)
    assert set(visitor.labels) == {"rings", "flowers"}
    group(visitor, "is_even").get_by_role("checkbox", name="yes").check()
    expect(visitor.tiles).to_have_count(PER_CLASS)
    expect(group(visitor, "number").locator(".bars span").nth(1)).to_be_attached()
    least = min(int(text) for text in numbers(visitor))
    group(visitor, "number").get_by_label("from").fill(str(least + 1))
    visitor.page.keyboard.press("Tab")
    expect(visitor.tiles).to_have_count(PER_CLASS - 1)
    expect(chips(visitor)).to_have_text(
        [re.compile(text) for text in ("folder: rings", "folder: flowers", "is_even: yes", f"number from {least + 1}")]
    )
    expect(visitor.page).to_have_url(
        re.compile(r"metadata\.folder=rings&metadata\.folder=flowers&metadata\.is_even=true")
    )

    found = visitor.addresses
    visitor.page.reload()
    visitor.await_results()
    assert visitor.addresses == found
    visitor.page.get_by_role("button", name="More filters").click()
    expect(group(visitor, "number").get_by_label("from")).to_have_value(str(least + 1))
    expect(group(visitor, "folder").get_by_role("checkbox", name="rings")).to_be_checked()
    group(visitor, "folder").get_by_role("checkbox", name="rings").uncheck()
    expect(chips(visitor)).to_have_count(3)


def counts(visitor: Visitor, field: str) -> Locator:
    return group(visitor, field).locator(".count")


@pytest.mark.parametrize("index", ["stage", "opensearch_stage"])
def test_counts_are_of_all_images_that_meet_the_other_filters(
    index: str, request: pytest.FixtureRequest, visit: Visit
) -> None:
    """Not of the nearest ones; a field's own values do not count, so that one more can be chosen."""
    stage: Stage = request.getfixturevalue(index)
    visitor = opened(visit, stage, "&k=1")
    expect(visitor.page.locator("#fields .hint")).to_contain_text("all stored pictures that meet the other filters")
    rings = group(visitor, "folder").get_by_role("checkbox", name="rings")
    rings.check()
    expect(rings).to_be_focused()
    expect(counts(visitor, "is_even")).to_have_text([str(PER_CLASS // 2)] * 2)
    expect(counts(visitor, "tags").first).to_have_text(str(PER_CLASS))
    expect(group(visitor, "folder").get_by_role("checkbox", name="flowers")).to_have_accessible_name(
        f"flowers {PER_CLASS}"
    )
    visitor.page.get_by_label("Label", exact=True).fill("citrus")
    visitor.page.keyboard.press("Enter")
    expect(counts(visitor, "is_even")).to_have_text(["0", "0"])
    expect(group(visitor, "folder").get_by_role("checkbox", name="citrus")).to_have_accessible_name(
        f"citrus {PER_CLASS}"
    )
    expect(rings).to_have_accessible_name("rings 0")
    expect(group(visitor, "number").get_by_label("from")).to_have_attribute("placeholder", "")


def test_back_takes_the_last_filter_off_and_forward_sets_it_again(stage: Stage, visit: Visit) -> None:
    visitor = opened(visit, stage)
    group(visitor, "folder").get_by_role("checkbox", name="rings").check()
    expect(visitor.tiles).to_have_count(PER_CLASS)
    group(visitor, "is_even").get_by_role("checkbox", name="yes").check()
    expect(visitor.tiles).to_have_count(PER_CLASS // 2)
    expect(counts(visitor, "tags").first).to_have_text(str(PER_CLASS // 2))
    visitor.page.go_back()
    expect(visitor.tiles).to_have_count(PER_CLASS)
    expect(chips(visitor)).to_have_count(1)
    expect(group(visitor, "is_even").get_by_role("checkbox", name="yes")).not_to_be_checked()
    expect(counts(visitor, "tags").first).to_have_text(str(PER_CLASS))
    visitor.page.go_forward()
    expect(visitor.tiles).to_have_count(PER_CLASS // 2)
    visitor.page.go_back()
    visitor.page.go_back()
    expect(chips(visitor)).to_have_count(0)


@pytest.mark.parametrize(
    ("address", "found", "shown"),
    [
        ("&filter=number%3E%3D4&filter=number%3C8", "4-7", ["number>=4", "number<8"]),
        ("&label=rings&label=flowers", "2 classes", ["label: rings", "label: flowers"]),
        ("&label.not=rings&metadata.folder.exists=true", "all but one", ["label not rings", "folder exists: yes"]),
        ("&name=rings", "one class", []),
        ("&metadata.folder=", "none", ["folder: (empty)"]),
    ],
)
def test_every_filter_of_an_address_counts_and_is_shown(
    address: str, found: str, shown: list[str], stage: Stage, visit: Visit
) -> None:
    """Also those that the page itself does not make."""
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=48{address}")
    expect(chips(visitor)).to_have_text([re.compile(re.escape(text)) for text in shown])
    if found == "none":
        expect(visitor.page.get_by_role("heading", name="No matches with these filters")).to_be_visible()
        return
    visitor.await_results()
    images = {"one class": PER_CLASS, "2 classes": 2 * PER_CLASS, "all but one": stage.stored - 1 - PER_CLASS}
    assert visitor.tiles.count() in ([images[found]] if found in images else [3, 4])


def numbers(visitor: Visitor) -> list[str]:
    """The metadata `number` of each result, as its details show it."""
    found = []
    for tile in visitor.tiles.all():
        tile.locator(".open").click()
        dialog = visitor.page.get_by_role("dialog")
        found.append(dialog.locator("dt", has_text="number").locator("+ dd").inner_text())
        visitor.page.keyboard.press("Escape")
    return found


def test_chips_are_removed_with_the_keyboard_and_the_focus_stays(stage: Stage, visit: Visit) -> None:
    visitor = opened(visit, stage, "&metadata.folder=rings&metadata.number.max=40")
    expect(visitor.tiles).to_have_count(PER_CLASS)
    page = visitor.page
    page.get_by_role("button", name="Remove the filter folder: rings").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove the filter number to 40")).to_be_focused()
    page.keyboard.press("Space")
    expect(chips(visitor)).to_have_count(0)
    expect(page.get_by_role("button", name="More filters")).to_be_focused()
    visitor.await_results()
    assert visitor.tiles.count() == stage.stored - 1
    assert "metadata" not in page.url

    page.keyboard.press("Enter")
    expect(page.locator("#fields")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(chips(visitor)).to_have_count(1)


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desktop-light"])
def test_the_filters_pass_axe_and_fit_the_screen(
    size: ViewportSize, scheme: str, stage: Stage, visit: Visit, artifacts: Path
) -> None:
    visitor = opened(visit, stage, "&metadata.tags=t0&metadata.number.min=0", size)
    visitor.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    group(visitor, "folder").get_by_role("checkbox", name=HOSTILE_LABEL).check()
    expect(chips(visitor)).to_have_count(3)
    visitor.await_results()
    visitor.page.screenshot(path=artifacts / f"fields-{size['width']}-{scheme}.png")
    assert visitor.broken_rules() == []
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert visitor.page.evaluate(width) <= 0


def test_hostile_values_are_text_in_filters_chips_and_details(stage: Stage, visit: Visit) -> None:
    visitor = opened(visit, stage)
    group(visitor, "folder").get_by_role("checkbox", name=HOSTILE_LABEL).check()
    expect(visitor.tiles).to_have_count(1)
    expect(chips(visitor)).to_contain_text(f"folder: {HOSTILE_LABEL}")
    visitor.page.locator(".tile .open").click()
    facts = visitor.page.locator("#detail-facts")
    for term, value in {"folder": HOSTILE_LABEL, "is_even": "yes", "number": "0", "tags": "all, t0"}.items():
        expect(facts.locator("dt", has_text=term).locator("+ dd")).to_have_text(value)
    assert visitor.page.title() == "lookalike"


def take_daily(settings: Settings) -> None:
    """Let each camera have taken its photograph a day after the one before, from 1 November 2026 on."""
    with closing(factories.open_index(settings)) as index:
        images = [image for some in index.scan_documents() for image in some]
        days = [1 + int(str(image.metadata["camera"]).removeprefix("camera ")) for image in images]
        times = [milliseconds(f"2026-11-{day:02}T18:30:00Z") for day in days]
        write(index, [replace(image, taken_at_ms=time) for image, time in zip(images, times, strict=True)])


def test_days_and_one_of_many_values_are_filters(
    settings: Settings, broker_url: str, visit: Visit, stage: Stage, tmp_path: Path
) -> None:
    """A range of days includes its last one to its end. A value of many is typed in, or chosen from a list."""

    def described(path: Path, number: int) -> Metadata:
        return {
            "camera": f"camera {number:02}",
            "note": f"long {'words ' * 99} of {path.parent.name}, {path.stem}",
            "serial": 2**53 + 1,
            "owner": "" if number % 2 else "true",
            # Every picture has a label of its own as well.
            "label": f"tag {number % 2}",
        }

    chosen = read_settings(home=settings.home, index_url=f"lancedb://{tmp_path / 'days'}", concurrency=1)
    jobs_url = broker_url.removesuffix("/0") + "/2"
    fill(chosen, jobs_url, stage.pictures, described, {"note": FieldType(Kind.TEXT)})
    take_daily(chosen)
    with serving(chosen, jobs_url, chosen.home) as url:
        visitor = visit(f"{url}?id={stage.id_of('citrus')}&k=48")
        visitor.await_results()
        visitor.page.get_by_role("button", name="More filters").click()
        expect(visitor.page.get_by_role("group")).to_have_count(6)
        tags = [str((stage.stored + 1) // 2), str(stage.stored // 2)]
        expect(counts(visitor, "metadata.label")).to_have_text(tags)
        group(visitor, "metadata.label").get_by_role("checkbox", name="tag 1").check()
        expect(chips(visitor)).to_contain_text("metadata.label: tag 1")
        chips(visitor).first.click()
        expect(chips(visitor)).to_have_count(0)
        group(visitor, "taken").get_by_label("from").fill("2026-11-10")
        visitor.page.keyboard.press("Tab")
        expect(chips(visitor)).to_have_count(1)
        group(visitor, "taken").get_by_label("to").fill("2026-11-12")
        visitor.page.keyboard.press("Tab")
        expect(visitor.tiles).to_have_count(3)
        camera = group(visitor, "camera").get_by_role("combobox", name="camera")
        expect(visitor.page.locator("#values-camera option")).to_have_count(stage.stored)
        camera.fill("camera 11")
        visitor.page.keyboard.press("Enter")
        expect(visitor.tiles).to_have_count(1)
        expect(camera).to_have_value("")
        expect(chips(visitor).last).to_contain_text("camera: camera 11")
        for _ in range(3):
            chips(visitor).first.click()
        # Words of a text, as a phrase.
        expect(chips(visitor)).to_have_count(0)
        group(visitor, "note").get_by_role("textbox", name="note").fill("of flowers")
        visitor.page.keyboard.press("Enter")
        expect(visitor.tiles).to_have_count(PER_CLASS)
        expect(group(visitor, "owner").locator(".count")).to_have_text([str(PER_CLASS // 2)] * 2)
        # A value of no characters is one, and a text is no truth value.
        group(visitor, "owner").get_by_role("checkbox", name="(empty)").check()
        expect(visitor.tiles).to_have_count(PER_CLASS // 2)
        visitor.tiles.first.locator(".open").click()
        serial = visitor.page.locator("#detail-facts dt", has_text="serial").locator("+ dd")
        expect(serial).to_have_text(str(2**53 + 1))


def test_a_filter_on_a_field_that_does_not_exist_says_so_and_can_be_removed(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&metadata.colour=red")
    visitor.expected.append("status of 400")
    expect(visitor.page.get_by_role("alert")).to_contain_text("colour")
    visitor.page.get_by_role("button", name="Remove the filter colour: red").click()
    visitor.await_results()
    assert visitor.tiles.count() == 24


def test_without_metadata_there_are_no_filters_by_it(
    settings: Settings, broker_url: str, visit: Visit, stage: Stage, tmp_path: Path
) -> None:
    bare = read_settings(home=settings.home, index_url=f"lancedb://{tmp_path / 'bare'}", concurrency=1)
    index = factories.open_index(bare)
    index.ensure(factories.embedder(bare, factories.model_spec(bare), threads=1).identity)
    index.close()
    with serving(bare, broker_url, bare.home) as url:
        visitor = visit(url)
        expect(visitor.page.locator("#facts bdi")).to_have_count(3)
        visitor.drop(stage.query("rings"))
        expect(visitor.page.get_by_role("heading", name="No pictures to compare with yet")).to_be_visible()
        expect(visitor.page.get_by_label("Label", exact=True)).to_be_visible()
        expect(visitor.page.get_by_role("button", name="More filters")).to_be_hidden()
