"""The page of the map: drawn, moved, selected on by mouse and by keyboard, searched with and downloaded."""

import csv
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from playwright.sync_api import Page, ViewportSize, expect

from lookalike.index.lancedb import map_file
from lookalike.index.lancedb.folder import folder_of
from lookalike.mapping.keeping import keep_map
from lookalike.mapping.record import Places
from lookalike.settings import Settings
from tests.browser.conftest import Visit
from tests.browser.stage import HOSTILE_LABEL, Stage
from tests.browser.visitor import DESKTOP, PHONE, Visitor

#: Of the frame's smaller side that the whole map fills, as in map-camera.js.
FILLED = 0.92
NO_WEBGL = """HTMLCanvasElement.prototype.getContext = ((original) => function (kind, ...rest) {
    return kind === "webgl" ? null : original.call(this, kind, ...rest);
})(HTMLCanvasElement.prototype.getContext)"""
#: Where there is no graphics card, the page paints without WebGL, which is then computed slowly.
ANY_WEBGL = """HTMLCanvasElement.prototype.getContext = ((original) => function (kind, options) {
    return original.call(this, kind, {...options, failIfMajorPerformanceCaveat: false});
})(HTMLCanvasElement.prototype.getContext);
WebGLRenderingContext.prototype.getParameter = ((original) => function (name) {
    return name === 0x9246 ? "a card" : original.call(this, name);
})(WebGLRenderingContext.prototype.getParameter)"""
NAMED_SOFTWARE = ANY_WEBGL.replace("a card", "ANGLE (SwiftShader Device)")
#: Of a browser that computes WebGL without a graphics card.
SLOW_GPU = "GL Driver Message (OpenGL, Performance"
#: Paints points, given as place and alpha, and returns the alpha of each pixel, row by row.
PIXELS = """async ({points, width, height, scale, side}) => {
    const {inOrder, paintDiscs} = await import("/page/map-pixels.js");
    const places = Float32Array.from(points.flatMap(([x, y]) => [x, y]));
    const rgba = Uint8Array.from(points.flatMap(([, , alpha]) => [1, 2, 3, alpha]));
    const pixels = new Uint32Array(width * height);
    paintDiscs(pixels, {width, height}, inOrder(places, rgba), {scale, left: 0, top: 0}, side);
    return Array.from({length: height}, (_, row) =>
        Array.from(pixels.subarray(row * width, (row + 1) * width), (pixel) => pixel >>> 24));
}"""
#: How many pixels of the map are painted. A screenshot would show what lies over them, too.
PAINTED = """async () => {
    const canvas = document.querySelector("#points");
    const copy = Object.assign(document.createElement("canvas"), {width: canvas.width, height: canvas.height});
    const context = copy.getContext("2d");
    // Paint once more: WebGL keeps no pixels after a frame.
    window.dispatchEvent(new PopStateEvent("popstate"));
    for (let frame = 0; frame < 60; frame++) {
        await new Promise(requestAnimationFrame);
        context.drawImage(canvas, 0, 0);
        const {data} = context.getImageData(0, 0, copy.width, copy.height);
        const painted = data.filter((value, place) => place % 4 === 3 && value > 0).length;
        if (painted) {
            return painted;
        }
    }
    return 0;
}"""


@dataclass(frozen=True)
class Chart:
    """A visitor at the map, and where its points are."""

    visitor: Visitor
    places: Places

    @property
    def page(self) -> Page:
        return self.visitor.page

    def pixel(self, place: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> tuple[float, float]:
        """Where a place lies in the window, while the whole map is shown."""
        box = self.page.locator("#place").bounding_box()
        assert box is not None
        scale = FILLED * min(box["width"], box["height"])
        x, y = ((place - 0.5) * scale).tolist()
        return box["x"] + box["width"] / 2 + x, box["y"] + box["height"] / 2 + y

    def drag(self, *places: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> None:
        self.page.mouse.move(*self.pixel(places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.pixel(place), steps=4)
        self.page.mouse.up()

    def await_selected(self, count: int) -> None:
        named = "1 picture selected" if count == 1 else f"{count} pictures selected"
        expect(self.page.locator("#selection-title")).to_have_text(named)


@pytest.fixture(scope="module")
def mapped(stage: Stage, settings: Settings) -> Stage:
    """The service on an index with a map."""
    keep_map(settings)
    return stage


@pytest.fixture
def chart(mapped: Stage, visit: Visit) -> Chart:
    return arrive(mapped, visit)


def arrive(stage: Stage, visit: Visit, query: str = "", **options: object) -> Chart:
    with urlopen(f"{stage.url}map/points") as answer:
        data = answer.read()
    (length,) = struct.unpack_from("<I", data)
    count = json.loads(data[4 : 4 + length])["points"]
    places = np.frombuffer(data, "<f4", 2 * count, 4 + length).reshape(-1, 2)
    visitor = visit(f"{stage.url}map{query}", **options)
    expect(visitor.page.locator("#frame")).to_have_attribute("aria-busy", "false")
    return Chart(visitor, places)


def widest_gap(places: Places) -> tuple[float, int]:
    """A place from left to right with no point near it, and how many points lie before it."""
    across = np.sort(places[:, 0])
    before = int(np.diff(across).argmax())
    return float(across[before : before + 2].mean()), before + 1


@pytest.mark.parametrize("kind", ["webgl", "2d", "software"])
def test_every_picture_is_a_point_with_and_without_webgl(kind: str, mapped: Stage, visit: Visit) -> None:
    visitor = visit(mapped.url)
    if kind == "webgl":
        visitor.expected.append(SLOW_GPU)
    visitor.page.add_init_script({"webgl": ANY_WEBGL, "2d": NO_WEBGL, "software": NAMED_SOFTWARE}[kind])
    visitor.page.goto(f"{mapped.url}map")
    expect(visitor.page.locator("#frame")).to_have_attribute("aria-busy", "false")
    expect(visitor.page.locator("#place")).to_have_attribute("data-painter", "webgl" if kind == "webgl" else "2d")
    assert visitor.page.evaluate(PAINTED) > mapped.stored
    expect(visitor.page.locator("#facts")).to_contain_text(f"{mapped.stored} pictures")
    expect(visitor.page.locator("#legend li")).to_have_count(7)
    expect(visitor.page.locator("#thumbnails img.loaded").first).to_be_attached()


def test_points_are_painted_where_they_are_the_selected_ones_last(mapped: Stage, visit: Visit) -> None:
    page = visit(mapped.url).page

    def painted(points: list[tuple[float, float, int]], side: int, scale: float = 1) -> list[list[int]]:
        frame = {"points": points, "width": 6, "height": 4, "scale": scale, "side": side}
        rows: list[list[int]] = page.evaluate(PIXELS, frame)
        return rows

    strong, faint, gone = 255, 50, 0
    assert painted([(2, 1, strong)], 2) == [
        [0, strong, strong, 0, 0, 0],
        [0, strong, strong, 0, 0, 0],
        [0] * 6,
        [0] * 6,
    ]
    # Where points lie on one another, in whatever order they come, and of a picture that is gone.
    assert painted([(2, 1, strong), (2, 1, faint), (5, 3, gone)], 2) == painted([(2, 1, strong)], 2)
    # A disc; and what lies outside is not on the other side.
    assert [row[:5] for row in painted([(2, 2, strong)], 4)] == [
        [0, strong, strong, 0, 0],
        [strong] * 4 + [0],
        [strong] * 4 + [0],
        [0, strong, strong, 0, 0],
    ]
    assert painted([(0, 0, strong), (3, 2, faint)], 2, scale=2) == [
        [strong, 0, 0, 0, 0, 0],
        [0] * 6,
        [0] * 6,
        [0, 0, 0, 0, 0, faint],
    ]
    assert painted([(-3, 1, strong), (9, 1, strong), (1, -2, strong), (1, 7, strong)], 4) == [[0] * 6] * 4


def test_a_rectangle_by_mouse_selects_and_is_part_of_the_address(chart: Chart) -> None:
    middle, before = widest_gap(chart.places)
    chart.page.get_by_role("button", name="Rectangle").click()
    chart.drag(np.array([-0.02, -0.02]), np.array([middle, 1.02]))
    chart.await_selected(before)
    expect(chart.page).to_have_url(re.compile("area="))
    chart.page.reload()
    chart.await_selected(before)
    chart.page.go_back()
    expect(chart.page.locator("#selection")).to_be_hidden()
    chart.page.go_forward()
    chart.await_selected(before)
    chart.page.get_by_role("button", name="Clear").click()
    expect(chart.page.locator("#selection")).to_be_hidden()
    expect(chart.page.locator("#points")).to_be_focused()


def test_a_lasso_by_mouse_selects_what_it_encloses(chart: Chart) -> None:
    apart = np.linalg.norm(chart.places[:, None] - chart.places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    lonely = int(apart.min(axis=1).argmax())
    reach = 0.6 * float(apart[lonely].min())
    corners = [chart.places[lonely] + reach * np.array(side) for side in ((-1, 0), (0, -1), (1, 0), (0, 1))]
    chart.page.get_by_role("button", name="Lasso").click()
    chart.drag(*corners, corners[0])
    chart.await_selected(1)


def test_everything_works_with_the_keyboard(chart: Chart, mapped: Stage) -> None:
    keys = chart.page.keyboard

    def far(*arrows: str) -> None:
        for arrow in arrows:
            for _ in range(30):
                keys.press(f"Shift+{arrow}")

    chart.page.locator("#points").focus()
    keys.press("r")
    expect(chart.page.get_by_role("button", name="Rectangle")).to_have_attribute("aria-pressed", "true")
    far("ArrowLeft", "ArrowUp")
    keys.press("Space")
    far("ArrowRight", "ArrowDown")
    keys.press("Space")
    chart.await_selected(mapped.stored)
    keys.press("Escape")
    expect(chart.page.locator("#selection")).to_be_hidden()

    keys.press("l")
    for arrow in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        far(arrow)
        keys.press("Space")
    keys.press("Enter")
    expect(chart.page.locator("#selection-title")).to_contain_text("selected")
    keys.press("Escape")

    keys.press("m")
    keys.press("+")
    expect(chart.page).to_have_url(re.compile(r"zoom=1\.5"))
    keys.press("ArrowRight")
    expect(chart.page).to_have_url(re.compile(r"x=0\.5\d"))
    keys.press("0")
    expect(chart.page).to_have_url(re.compile(r"/map$"))


def test_the_wheel_zooms_and_a_picture_opens(chart: Chart) -> None:
    chart.page.mouse.move(*chart.pixel(np.array([0.5, 0.5])))
    chart.page.mouse.wheel(0, -300)
    expect(chart.page).to_have_url(re.compile("zoom=2"))
    chart.page.keyboard.press("Escape")
    chart.page.get_by_role("button", name="Show the whole map").click()
    expect(chart.page).to_have_url(re.compile(r"/map$"))
    # The last one is over the others.
    chart.page.locator("#thumbnails button").last.click()
    expect(chart.page.locator("#picture-image.loaded")).to_be_visible()
    expect(chart.page.get_by_role("link", name="More like this")).to_have_attribute("href", re.compile(r"\?id="))
    chart.page.get_by_role("button", name="Close the picture").click()
    expect(chart.page.locator("#picture")).to_be_hidden()


def test_a_selection_is_searched_with(chart: Chart, mapped: Stage) -> None:
    middle, before = widest_gap(chart.places)
    chart.page.get_by_role("button", name="Rectangle").click()
    chart.drag(np.array([-0.02, -0.02]), np.array([middle, 1.02]))
    chart.await_selected(before)
    chart.page.get_by_role("button", name="Like all of these").click()
    expect(chart.page.locator("#matched li")).to_have_count(min(24, mapped.stored - before))
    expect(chart.page).to_have_url(re.compile("like=1"))
    chart.page.reload()
    expect(chart.page.locator("#matched li")).to_have_count(min(24, mapped.stored - before))
    link = chart.page.get_by_role("link", name="Open as a search").get_attribute("href") or ""
    assert len(re.findall("example=[0-9a-f]{40}", link)) == before


def test_a_selection_is_downloaded_as_a_list(chart: Chart, mapped: Stage, tmp_path: Path) -> None:
    chart.page.get_by_role("button", name="Select all in view").click()
    chart.await_selected(mapped.stored)
    files = [path for path in mapped.pictures.rglob("*") if path.is_file() and path.parent.name != "broken"]
    expected = {(str(path), path.parent.name) for path in files}
    assert any(label == HOSTILE_LABEL for _, label in expected)
    for kind in ("CSV", "JSON"):
        with chart.page.expect_download() as download:
            chart.page.get_by_role("button", name=f"Download {kind}").click()
        saved = tmp_path / download.value.suggested_filename
        download.value.save_as(saved)
        with saved.open(newline="") as file:
            rows = list(csv.DictReader(file)) if kind == "CSV" else json.load(file)["images"]
        label = {"CSV": "label", "JSON": "name"}[kind]
        assert {(row["uri"], row[label]) for row in rows} == expected and len(rows) == mapped.stored
        assert all(re.fullmatch("[0-9a-f]{40}", row["id"]) for row in rows)


def test_a_cluster_is_selected_and_named_by_its_labels(chart: Chart, mapped: Stage) -> None:
    with urlopen(f"{mapped.url}map/points") as answer:
        data = answer.read()
    (length,) = struct.unpack_from("<I", data)
    clusters = json.loads(data[4 : 4 + length])["clusters"]
    buttons = chart.page.locator("#clusters button")
    expect(buttons).to_have_count(len(clusters))
    assert clusters[0]["values"][0]["value"] in buttons.first.inner_text()
    buttons.first.click()
    chart.await_selected(clusters[0]["images"])
    expect(buttons.first).to_have_attribute("aria-pressed", "true")
    expect(chart.page).to_have_url(re.compile("cluster=0"))


def test_the_colours_follow_another_field(chart: Chart) -> None:
    chart.page.get_by_label("Colour by").select_option("metadata.is_even")
    expect(chart.page.locator("#legend bdi")).to_have_text([re.compile("yes|no")] * 2)
    expect(chart.page).to_have_url(re.compile("field=metadata.is_even"))
    chart.page.go_back()
    expect(chart.page.locator("#legend li")).to_have_count(7)


@pytest.fixture
def without_map(mapped: Stage, settings: Settings) -> Iterator[Stage]:
    map_file.delete(folder_of(settings.index_location), "images-v1")
    yield mapped
    keep_map(settings)


def test_an_index_without_a_map_says_how_to_make_one(without_map: Stage, visit: Visit) -> None:
    visitor = visit(f"{without_map.url}map")
    visitor.expected.append("status of 404")
    expect(visitor.page.locator("main")).to_contain_text("`lookalike map` makes one")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone-dark", "desktop-light"])
def test_the_map_passes_axe(size: ViewportSize, scheme: str, mapped: Stage, visit: Visit, artifacts: Path) -> None:
    chart = arrive(mapped, visit, size=size, color_scheme=scheme, reduced_motion="reduce")
    page = chart.page
    page.locator("#clusters button").first.click()
    expect(page.locator("#selection-title")).to_contain_text("selected")
    page.locator("#selected button").first.click()
    expect(page.locator("#picture-image.loaded")).to_be_visible()
    page.screenshot(path=artifacts / f"map-{size['width']}-{scheme}.png")
    assert chart.visitor.broken_rules() == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
