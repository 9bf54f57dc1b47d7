"""The pages while there is nothing to show: without an index, with an index without images, and without a map."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from lookalike import embedding, factories
from lookalike.settings import Settings, read_settings
from tests.browser.conftest import Visit
from tests.browser.stage import serving

NO_INDEX = "There is no index yet. `lookalike ingest FOLDER` makes one."
NO_PICTURES = "No pictures yet. Add some with `lookalike ingest FOLDER`."
NO_MAP = "images-v1 has no map yet. `lookalike map` makes one."
#: The browser itself writes every answer with an error into its console.
ANSWERED = "Failed to load resource"


@pytest.fixture(scope="module")
def bare(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a model, and with an index that does not exist."""
    return read_settings(home=settings.home, index_url=f"lancedb://{tmp_path_factory.mktemp('bare')}/index")


@pytest.fixture(scope="module")
def url(bare: Settings, broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(bare, broker_url, tmp_path_factory.mktemp("log")) as url:
        yield url


def visited(page: Page, url: str, name: str, sentence: str) -> None:
    """The page says the sentence, calls nothing an error, and offers nothing that cannot work."""
    page.goto(url + name)
    expect(page.locator("main")).to_contain_text(sentence)
    expect(page.locator("#error")).to_be_hidden()
    for control in ("#frame", "#panel", "#asking", "#collection-actions", "#collection .tile"):
        expect(page.locator(control).locator("visible=true")).to_have_count(0)


def test_the_pages_say_what_to_do_first_and_show_no_control_that_cannot_work(
    url: str, bare: Settings, visit: Visit
) -> None:
    visitor = visit(f"{url}docs/problems")
    visitor.expected.append(ANSWERED)
    for name, sentence in {"": NO_PICTURES, "map": NO_INDEX, "duplicates": NO_INDEX}.items():
        visited(visitor.page, url, name, sentence)
    index = factories.open_index(bare)
    index.ensure(embedding.identify(factories.model_spec(bare), bare.home))
    index.close()
    for name, sentence in {"": NO_PICTURES, "map": NO_MAP, "duplicates": NO_PICTURES}.items():
        visited(visitor.page, url, name, sentence)
