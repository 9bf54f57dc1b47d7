"""`python -m tests.browser.screenshots [page] [start] [duplicates] [map] [flower]` renews the screenshots of the
documentation, from drawn pictures and real runs."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, HttpCredentials, ViewportSize, expect, sync_playwright

from lookalike.embedding import build_artifact, resolve
from lookalike.mapping.keeping import keep_map
from lookalike.samples import PAINTERS, Sample, keep
from lookalike.settings import Settings, read_settings
from testing.processes import ROOT, await_true, lookalike, make_home, started, stop
from testing.services import ServiceMissing
from testing.services.ports import free_port
from testing.services.redis import RedisServer
from tests.browser.stage import SEED, Stage, answers, draw, fill, serving, settle
from tests.browser.visitor import DESKTOP, PHONE, Visitor, open_browser, visiting

PER_CLASS = 6
#: A palette reduces a screenshot to a quarter of its size; 256 colours are the most in PNG.
COLOURS = 256
#: For pages of many pictures, so that none takes more than 150 kB.
SMALL = 96
COPIED = ("mountains-at-dusk", "citrus", "hot-air-balloons")
SPRING, DAY_S = datetime(2026, 3, 20, 9, 30, tzinfo=UTC).timestamp(), 86_400
FLOWER = ViewportSize(width=1280, height=720)
LOGIN = HttpCredentials(username="watch", password="tasks")


class View(NamedTuple):
    """A kind of screen."""

    name: str
    size: ViewportSize
    scheme: str


VIEWS = (View("desktop", DESKTOP, "light"), View("dark", DESKTOP, "dark"), View("phone", PHONE, "light"))


def main(wanted: list[str]) -> None:
    try:
        with sync_playwright() as playwright:
            browser = open_browser(playwright)
            for take in (_page, _start, _duplicates, _map, _flower):
                if not wanted or take.__name__.strip("_") in wanted:
                    with tempfile.TemporaryDirectory() as folder:
                        take(browser, Path(folder))
    except ServiceMissing as missing:
        sys.exit(f"No screenshots: {missing}")


def _page(browser: Browser, folder: Path) -> None:
    with RedisServer() as broker:
        stage, settings = _staged(folder, broker.url)
        with serving(settings, broker.url, settings.home) as url:
            shown = Stage(url, *stage)
            _picture(browser, shown, "page-desktop", DESKTOP, labels=["mountains-at-dusk"])
            _picture(browser, shown, "page-phone", PHONE, labels=["citrus", "flowers"])
            _query(browser, shown, DESKTOP)


def _map(browser: Browser, folder: Path) -> None:
    """The map with a selected cluster."""
    with RedisServer() as broker:
        _, settings = _staged(folder, broker.url)
        keep_map(settings)
        with serving(settings, broker.url, settings.home) as url:
            for view in VIEWS:
                _charted(browser, url, view)


def _charted(browser: Browser, url: str, view: View) -> None:
    with _seeing(browser, view) as visitor:
        visitor.page.goto(f"{url}map")
        visitor.page.locator("#clusters button").first.click()
        if view.size != PHONE:
            visitor.page.get_by_role("button", name="Like all of these").click()
            visitor.page.locator("#matched img").first.wait_for()
            expect(visitor.page.locator("#matched img:not(.loaded)")).to_have_count(0)
        # A click on a button below the map has scrolled, and the browser loads thumbnails in view only.
        visitor.page.evaluate("scrollTo(0, 0)")
        # They are chosen, and those that are not selected are faint, when the map has come to rest.
        visitor.page.locator("#thumbnails .faint").first.wait_for()
        expect(visitor.page.locator("#thumbnails img:not(.loaded)")).to_have_count(0)
        _keep(visitor.page.screenshot(animations="disabled"), f"map-{view.name}")


def _start(browser: Browser, folder: Path) -> None:
    """All pictures, before there is a query."""
    with RedisServer() as broker:
        _, settings = _staged(folder, broker.url)
        with serving(settings, broker.url, settings.home) as url:
            for view, order in zip(VIEWS, ("label", "random&seed=7", "random&seed=11"), strict=True):
                with _seeing(browser, view) as visitor:
                    visitor.page.goto(f"{url}?browse={order}")
                    expect(visitor.page.locator("#facts bdi")).to_have_count(3)
                    expect(visitor.page.locator("#collection .tile img").first).to_be_attached()
                    visitor.await_pictures()
                    _keep(visitor.page.screenshot(animations="disabled"), f"start-{view.name}", SMALL)


def _duplicates(browser: Browser, folder: Path) -> None:
    """Copies of pictures, of which a person has decided about some."""
    with RedisServer() as broker:
        settings = read_settings(home=make_home(folder, _model_home()), index="images", concurrency=1)
        fill(settings, broker.url, _copied(folder / "Pictures"))
        with serving(settings, broker.url, settings.home) as url:
            for view in VIEWS:
                with _seeing(browser, view) as visitor:
                    visitor.page.goto(f"{url}duplicates")
                    visitor.page.get_by_role("button", name="Compare").click()
                    expect(visitor.page.get_by_role("button", name="Compare again")).to_be_enabled()
                    visitor.page.locator(".group .yes").first.click()
                    # A phone shows either the group or what is above it.
                    above = "document.querySelector('.group').getBoundingClientRect().top - 16"
                    visitor.page.evaluate(f"scrollTo(0, {above if view.size == PHONE else 0})")
                    expect(visitor.page.locator(".member img.loaded").nth(2)).to_be_attached()
                    _keep(visitor.page.screenshot(animations="disabled"), f"duplicates-{view.name}", SMALL)


def _copied(folder: Path) -> Path:
    """Drawn pictures as people have them: with copies of the same bytes, compressed again, and smaller ones."""
    for number, label in enumerate(COPIED):
        path = folder / "2026" / f"{label}.jpg"
        keep(Sample(label, number, SEED), path)
        with Image.open(path) as drawn:
            picture = drawn.convert("RGB")
        picture.save(path, quality=92)
        (folder / "Shared").mkdir(exist_ok=True)
        picture.save(folder / "Shared" / f"{label}.jpg", quality=80)
        if number % 2:
            picture.resize((picture.width // 2, picture.height // 2)).save(folder / "Shared" / f"{label}-small.jpg")
        else:
            (folder / "Old phone").mkdir(exist_ok=True)
            (folder / "Old phone" / f"{label}.jpg").write_bytes(path.read_bytes())
    settle({path: SPRING + DAY_S * number for number, path in enumerate(sorted(folder.rglob("*.jpg")))})
    return folder


@contextmanager
def _seeing(browser: Browser, view: View) -> Iterator[Visitor]:
    is_phone = view.size == PHONE
    with visiting(browser, view.size, is_mobile=is_phone, has_touch=is_phone, color_scheme=view.scheme) as visitor:
        yield visitor


def _flower(browser: Browser, folder: Path) -> None:
    """The tasks of an ingest in Flower."""
    pictures, _ = draw(folder, tuple(PAINTERS), PER_CLASS)
    home = make_home(folder, _model_home())
    url = f"http://127.0.0.1:{(port := free_port())}"
    login = f"{LOGIN['username']}:{LOGIN['password']}"
    chosen = {"LOOKALIKE_HOME": str(home), "LOOKALIKE_CHUNK_SIZE": "8", "FLOWER_BASIC_AUTH": login}
    environment = {**os.environ, **chosen}
    with started(environment, "up", "--port", free_port(), "--flower", "--flower-port", port) as stack:
        await_true(lambda: answers(url + "/healthcheck"))
        lookalike(environment, "ingest", pictures)
        with visiting(browser, FLOWER, http_credentials=LOGIN) as visitor:
            visitor.page.goto(url + "/tasks")
            visitor.page.get_by_text("SUCCESS").first.wait_for()
            _keep(visitor.page.screenshot(animations="disabled"), "flower")
        stop(stack)


def _model_home() -> Path:
    """The user's home folder, with the default model built."""
    home = read_settings().home
    build_artifact(resolve("efficientnet-lite0"), home)
    return home


def _staged(folder: Path, broker_url: str) -> tuple[tuple[Path, Path], Settings]:
    """Folders of pictures and queries, and the settings of an index with these pictures."""
    settings = read_settings(home=make_home(folder, _model_home()), index="images", concurrency=1)
    drawn = draw(folder, tuple(PAINTERS), PER_CLASS)
    fill(settings, broker_url, drawn[0])
    return drawn, settings


def _picture(browser: Browser, stage: Stage, name: str, size: ViewportSize, labels: list[str]) -> None:
    is_phone = size == PHONE
    with visiting(browser, size, is_mobile=is_phone, has_touch=is_phone) as visitor:
        visitor.page.goto(stage.url)
        # Twice: the first search of a service is its slowest.
        for _ in range(2):
            visitor.drop(*(stage.query(label) for label in labels))
            visitor.await_results()
        _keep(visitor.page.screenshot(animations="disabled"), name)


def _query(browser: Browser, stage: Stage, size: ViewportSize) -> None:
    """A search with what is wanted and what is not, and a part of a picture that is chosen."""
    id, other = stage.id_of("citrus"), stage.id_of("hot-air-balloons")
    with visiting(browser, size, color_scheme="dark") as visitor:
        visitor.page.goto(
            f"{stage.url}?example=2:{id}@pct:12,14,62,40&example={stage.id_of('flowers')}&example=-1:{other}"
        )
        visitor.await_results()
        _keep(visitor.page.screenshot(animations="disabled"), "page-query")
        visitor.page.get_by_role("button", name="Another part of stored picture").click()
        visitor.page.locator("#part-picture.loaded").wait_for()
        _keep(visitor.page.screenshot(animations="disabled"), "page-part")


def _keep(shot: bytes, name: str, colours: int = COLOURS) -> None:
    path = ROOT / "docs" / f"{name}.png"
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    # With few colours, what makes up for them takes the room that they save.
    dither = Image.Dither.FLOYDSTEINBERG if colours == COLOURS else Image.Dither.NONE
    image.quantize(palette=image.quantize(colours), dither=dither).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
