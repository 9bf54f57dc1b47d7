"""The built site works without the network, from a disk and from a server, on screens of every width."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from documentation.html import site_faults
from tests.browser.visitor import PHONE, Visitor

#: Pages of all kinds: a start, long tables, wide pictures, long lines of code, many headings.
WIDE = ("index", "architecture", "settings", "operations", "search", "changelog", "decisions/index")


class Quiet(SimpleHTTPRequestHandler):
    """A file server that logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture(params=["disk", "server"])
def home(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    """The address of the site, without a slash at its end."""
    if request.param == "disk":
        yield site.as_uri()
    else:
        with served(site) as url:
            yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport=PHONE) as context:
        visitor = Visitor(context.new_page())
        yield visitor.page
        assert visitor.unexpected == []


def test_every_link_of_the_site_leads_somewhere_and_nothing_is_fetched_from_other_hosts(site: Path) -> None:
    assert list(site_faults(site)) == []


def test_a_search_finds_a_heading_without_other_hosts(home: str, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{home}/decisions/index.html")
    page.locator("label[for=__search]:visible").click()
    words, search = "leases and a reconciler", page.get_by_role("combobox", name="Search")
    search.press_sequentially(words)
    expect(search).to_have_value(words)
    page.get_by_role("option", name="Leases and a reconciler instead of trust").click()
    page.wait_for_url("**/decisions/0002-leases-and-a-reconciler.html*")
    assert [url for url in asked if not url.startswith(home)] == []


def test_a_switch_leads_from_light_to_dark(home: str, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{home}/index.html")
    light = background(page)
    page.get_by_title("Switch to light").click()
    assert background(page) == light
    page.get_by_title("Switch to dark").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    assert background(page) != light


@pytest.mark.parametrize("name", WIDE)
def test_a_phone_shows_pages_without_scrolling_sideways(name: str, site: Path, page: Page) -> None:
    page.goto((site / f"{name}.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert page.evaluate("[...document.images].filter((image) => !image.complete || !image.naturalWidth).length") == 0


def test_pictures_of_pages_follow_the_switch(site: Path, page: Page) -> None:
    page.goto((site / "search.html").as_uri())
    light, dark = page.locator("img[src^='map-desktop.png']"), page.locator("img[src^='map-dark.png']")
    expect(light).to_be_visible()
    expect(dark).to_be_hidden()
    page.emulate_media(color_scheme="dark")
    expect(dark).to_be_visible()
    expect(light).to_be_hidden()


def test_no_text_leaves_the_drawing_of_the_architecture(site: Path, page: Page) -> None:
    page.goto((site / "architecture.svg").as_uri())
    outside = """() => {
        const { width, height } = document.documentElement.viewBox.baseVal;
        const leaves = ({ x, y, width: w, height: h }) => x < 0 || y < 0 || x + w > width || y + h > height;
        return [...document.querySelectorAll("text")].filter((text) => leaves(text.getBBox())).length;
    }"""
    assert page.locator("text").count() > 40
    assert page.evaluate(outside) == 0


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
