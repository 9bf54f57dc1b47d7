"""Parts of pictures on the page, chosen by mouse and by keyboard: of a dropped picture, and of a match."""

import re

import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.visitor import DESKTOP, PHONE, Visitor


def drag(visitor: Visitor, picture: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From one place of a picture to another one, each as shares of its box."""
    box = picture.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    mouse = visitor.page.mouse
    mouse.move(*places[0])
    mouse.down()
    mouse.move(*places[1], steps=3)
    mouse.up()


def said(visitor: Visitor) -> list[int]:
    """Width, height, left and top of the part that is chosen, in percent, as the page says them."""
    return [int(number) for number in re.findall(r"\d+", visitor.page.locator("#detail-part").inner_text())]


def region(visitor: Visitor) -> list[float]:
    """The region of the example in the page's address."""
    found = re.search(r"%40pct%3A([\d.%C]+)", visitor.page.url)
    assert found is not None, visitor.page.url
    return [float(number) for number in found[1].split("%2C")]


def test_a_part_of_a_match_is_drawn_and_searched_for(stage: Stage, visit: Visit) -> None:
    visitor = visit(f"{stage.url}?id={stage.id_of('citrus')}&k=12")
    visitor.await_results()
    uri = visitor.addresses[0]
    visitor.page.locator(".tile .open").first.click()
    picture = visitor.page.locator("#detail-picture.loaded")
    expect(picture).to_be_visible()
    drag(visitor, picture, (0.5, 0.5), (0.7, 0.6))
    drawn = said(visitor)
    # By its inside it is moved, by a corner it is resized; elsewhere another one begins.
    drag(visitor, picture, (0.6, 0.55), (0.55, 0.52))
    moved = said(visitor)
    assert moved[:2] == drawn[:2] and moved[2] < drawn[2] and moved[3] < drawn[3]
    drag(visitor, picture, (0.65, 0.57), (0.6, 0.54))
    resized = said(visitor)
    assert resized[0] < moved[0] and resized[1] < moved[1] and resized[2:] == moved[2:]
    drag(visitor, picture, (0.4, 0.4), (0.48, 0.47))
    assert said(visitor)[2] < resized[2]
    visitor.page.get_by_role("button", name="More like this part").click()
    expect(visitor.page.get_by_role("heading", name="Like this part")).to_be_visible()
    visitor.await_results()
    x, y, width, height = region(visitor)
    assert 0 < x < x + width < 100 and 0 < y < y + height < 100
    assert visitor.addresses == stage.asked({"uri": uri, "region": f"pct:{x:g},{y:g},{width:g},{height:g}"}, k=12)
    visitor.page.reload()
    visitor.await_results()
    assert region(visitor) == [x, y, width, height]


def test_a_part_of_an_own_picture_is_chosen_with_the_keyboard(stage: Stage, visit: Visit) -> None:
    visitor = visit(stage.url)
    visitor.drop(stage.query("flowers"))
    visitor.await_results()
    page = visitor.page
    whole = visitor.addresses
    page.get_by_role("button", name=re.compile("Choose a part of")).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#part-picture.loaded")).to_be_visible()
    dialog.get_by_role("button", name="Choose a part").focus()
    page.keyboard.press("Enter")
    part = dialog.get_by_role("group", name=re.compile("Part of the picture"))
    expect(part).to_be_focused()
    said = dialog.get_by_role("status")
    expect(said).to_contain_text("50 \u00d7 50 % of the picture, 25 % from the left, 25 % from the top")
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowLeft", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(said).to_contain_text("48 \u00d7 52 % of the picture, 27 % from the left, 23 % from the top")
    dialog.get_by_role("button", name="Use this part").focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="Like this part")).to_be_visible()
    expect(page.locator(".example")).to_have_attribute("title", re.compile("only the part pct:27,23,48,52"))
    visitor.await_results()
    expect(page.get_by_role("button", name=re.compile("Another part of"))).to_be_focused()

    page.keyboard.press("Enter")
    expect(part).to_be_visible()
    part.focus()
    page.keyboard.press("Delete")
    expect(part).to_be_hidden()
    dialog.get_by_role("button", name="Use the whole picture").click()
    expect(page.get_by_role("heading", name="Like this picture")).to_be_visible()
    visitor.await_results()
    assert visitor.addresses == whole


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desktop-light"])
def test_what_builds_a_query_passes_axe_and_fits_the_screen(
    size: ViewportSize, scheme: str, stage: Stage, visit: Visit, artifacts: object
) -> None:
    address = f"?example={stage.id_of('citrus')}@pct:20,20,50,40&example=-1:{stage.id_of('rings')}&group_by=label"
    visitor = visit(stage.url + address, size=size, color_scheme=scheme, reduced_motion="reduce")
    visitor.await_results()
    page = visitor.page

    def look(view: str) -> None:
        page.screenshot(path=f"{artifacts}/{view}-{size['width']}-{scheme}.png")
        assert visitor.broken_rules() == [], view
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, view

    page.get_by_role("button", name="Options (1)").click()
    page.locator(".tile .pick").first.check()
    look("query")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("1 selected picture")
    look("export")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Another part of stored picture").click()
    expect(page.locator("#part-picture.loaded")).to_be_visible()
    look("part")
