"""examples/shop, run by the commands of its README, in Chromium."""

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, ViewportSize, expect, sync_playwright

from lookalike.samples import Sample, keep
from testing.processes import await_true, make_home
from testing.services.ports import free_port
from tests.browser.conftest import without
from tests.browser.stage import QUERY_SEED, READY_TIMEOUT_S, answers
from tests.browser.visitor import DESKTOP, PHONE, TIMEOUT_MS, Visitor, open_browser, visiting
from tests.examples.checkout import Checkout, make_checkout

#: The ports of the README: the query service, and the page.
SERVICE, PAGE = 8000, 8080
#: How many products the page shows at once.
SHOWN = 24
KEY = "correct-horse-battery"

Visit = Callable[..., Visitor]


@dataclass(frozen=True)
class Shop:
    """The running shop: the addresses of its page and of its query service, its checkout, and its table."""

    url: str
    service: str
    checkout: Checkout
    products: list[dict[str, str]]

    def titles(self, column: str, value: str) -> set[str]:
        return {product["title"] for product in self.products if product[column] == value}

    def found_for(self, id: str) -> list[str]:
        """The titles that the service itself finds for a product."""
        matches = httpx2.get(f"{self.service}search?id={id}&k={SHOWN}").json()["matches"]
        return [match["metadata"]["title"] for match in matches]

    def page_for(self, name: str, service: str) -> str:
        """The address of a copy of the page that asks another service."""
        folder = self.checkout.folder / "examples" / "shop"
        page = (folder / "index.html").read_text()
        (folder / name).write_text(page.replace(self.service, service))
        return self.url + name


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    checkout = make_checkout(folder, make_home(folder, model_home), {SERVICE: free_port(), PAGE: free_port()})
    page = folder / "examples" / "shop" / "index.html"
    page.write_text(checkout.adapted(page.read_text()))
    up, draw, ingest, serve = checkout.commands("shop")
    urls = [f"http://127.0.0.1:{checkout.ports[port]}/" for port in (SERVICE, PAGE)]
    with ExitStack() as stack:
        service = stack.enter_context(checkout.running(up, "service"))
        assert checkout.run(draw).stdout == "96 images in examples/shop/pictures\n"
        service.await_ready(lambda: answers(urls[0] + "health/live"), READY_TIMEOUT_S)
        said = checkout.run(ingest)
        assert "96 found = 96 indexed + 0 unchanged + 0 rejected" in said.stdout + said.stderr
        site = stack.enter_context(checkout.running(serve, "site"))
        site.await_ready(lambda: answers(urls[1]), READY_TIMEOUT_S)
        with (folder / "examples" / "shop" / "products.csv").open() as table:
            yield Shop(urls[1], urls[0], checkout, list(csv.DictReader(table)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright, without(lambda: open_browser(playwright)) as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens a page. After the test, its console must hold no message that the test did not expect."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def open_page(
            url: str, expected: tuple[str, ...] = (), size: ViewportSize = DESKTOP, **options: str
        ) -> Visitor:
            visitors.append(stack.enter_context(visiting(browser, size, **options)))
            visitors[-1].expected.extend(expected)
            visitors[-1].page.goto(url)
            return visitors[-1]

        yield open_page
        assert [visitor.unexpected for visitor in visitors if visitor.unexpected] == []


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of a visitor: a citrus fruit that the shop does not sell."""
    sample = Sample("citrus", 0, QUERY_SEED)
    path = tmp_path_factory.mktemp("photo") / sample.path.name
    keep(sample, path)
    return path


def titles(visitor: Visitor) -> list[str]:
    """Of the shown products, when the latest question is answered."""
    visitor.page.locator("#products[aria-busy=false]").wait_for()
    return visitor.page.locator("#products h2").all_inner_texts()


def product(visitor: Visitor, title: str) -> Locator:
    return visitor.page.get_by_role("link", name=f"Similar posters to {title}", exact=True)


def test_a_click_on_a_product_finds_similar_ones(shop: Shop, visit: Visit) -> None:
    visitor = visit(shop.url)
    expect(visitor.page.locator("#status")).to_have_text("96 posters")
    shown = titles(visitor)
    assert len(shown) == SHOWN
    visitor.page.get_by_role("button", name="Show more").click()
    expect(visitor.page.locator("#products li")).to_have_count(2 * SHOWN)
    expect(product(visitor, titles(visitor)[SHOWN])).to_be_focused()
    chosen = visitor.page.locator("#products li").nth(SHOWN)
    id = parse_qs(chosen.get_by_role("link").get_attribute("href"))["?id"][0]
    chosen.click()
    expect(visitor.page.get_by_role("heading", name="Most similar to this one")).to_be_visible()
    assert titles(visitor) == shop.found_for(id)
    visitor.page.get_by_role("link", name="All posters").click()
    expect(visitor.page.locator("#status")).to_have_text("96 posters")


def test_filters_and_a_picture_of_the_visitor_go_together_and_back_takes_one_away(
    shop: Shop, visit: Visit, photo: Path
) -> None:
    visitor = visit(shop.url)
    assert titles(visitor)
    visitor.page.locator("#file").set_input_files(photo)
    expect(visitor.page.locator("#status")).to_have_text(f"The {SHOWN} most similar posters")
    found = titles(visitor)
    citrus = shop.titles("category", "Citrus")
    assert set(found[:3]) <= citrus
    visitor.page.get_by_label("Brand").select_option("Nordlicht")
    await_true(lambda: set(titles(visitor)) <= shop.titles("brand", "Nordlicht"))
    visitor.page.get_by_label("Price").fill("30")
    cheap = {row["title"] for row in shop.products if float(row["price"]) <= 30}
    await_true(lambda: set(titles(visitor)) == shop.titles("brand", "Nordlicht") & cheap)
    assert titles(visitor)[0] in citrus
    visitor.page.go_back()
    visitor.page.go_back()
    await_true(lambda: titles(visitor) == found)
    expect(visitor.page.get_by_label("Brand")).to_have_value("")


def test_a_link_of_a_filtered_search_shows_the_same_again(shop: Shop, visit: Visit) -> None:
    visitor = visit(f"{shop.url}?metadata.brand=Paperbird&metadata.price.max=20")
    shown = titles(visitor)
    assert set(shown) == {
        row["title"] for row in shop.products if row["brand"] == "Paperbird" and float(row["price"]) <= 20
    }
    expect(visitor.page.get_by_label("Brand")).to_have_value("Paperbird")
    expect(visitor.page.locator("#price")).to_have_text("up to €20.00")


def test_errors_are_a_sentence_on_the_page(shop: Shop, visit: Visit, tmp_path: Path) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear shop,")
    visitor = visit(shop.url, ("status of 422",))
    assert titles(visitor)
    visitor.page.locator("#file").set_input_files(letter)
    expect(visitor.page.get_by_role("alert")).to_contain_text("rejected as unsupported")

    away = f"http://127.0.0.1:{free_port()}/"
    visitor = visit(shop.page_for("away.html", away), ("ERR_CONNECTION_REFUSED",))
    expect(visitor.page.get_by_role("alert")).to_contain_text(f"{away} does not answer")
    assert visitor.broken_rules() == []

    url = f"http://127.0.0.1:{(port := free_port())}/"
    command = f"LOOKALIKE_API_KEY={KEY} LOOKALIKE_CORS_ORIGINS='[\"{shop.url[:-1]}\"]' .venv/bin/lookalike serve"
    with shop.checkout.running(f"{command} --index shop --port {port}", "locked") as service:
        service.await_ready(lambda: answers(url + "health/live"), READY_TIMEOUT_S)
        visitor = visit(shop.page_for("locked.html", url), ("status of 401",))
        expect(visitor.page.get_by_role("alert")).to_contain_text("asks for an API key")


def test_the_page_works_with_the_keyboard(shop: Shop, visit: Visit) -> None:
    visitor = visit(shop.url)
    first = titles(visitor)[0]
    page = visitor.page
    controls = [page.get_by_role("link", name="Paper & Wall"), page.locator("#file")]
    controls += [page.get_by_label("Brand"), page.get_by_label("Price"), product(visitor, first)]
    for control in controls:
        page.keyboard.press("Tab")
        expect(control).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Most similar to this one")).to_be_visible()
    assert first not in titles(visitor)


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop-light", "phone-dark"])
def test_the_page_passes_axe_and_fits_its_window(
    size: ViewportSize, scheme: str, shop: Shop, visit: Visit, photo: Path
) -> None:
    visitor = visit(shop.url, size=size, color_scheme=scheme)
    assert len(titles(visitor)) == SHOWN
    visitor.page.locator("#file").set_input_files(photo)
    expect(visitor.page.locator("#status")).to_contain_text("most similar")
    assert visitor.broken_rules() == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
