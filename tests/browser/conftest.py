"""One browser and one service per index, shared by all tests of this folder."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from lookalike.settings import Settings, read_settings
from testing.processes import make_home
from testing.services import ServiceMissing
from testing.services.opensearch import left_as_found
from testing.services.redis import RedisServer
from tests.browser.stage import Stage, draw, fill, leave_running, serving, spoil
from tests.browser.visitor import TIMEOUT_MS, Visitor, open_browser, visiting

Visit = Callable[..., Visitor]
Opened = TypeVar("Opened")


@contextmanager
def without(opens: Callable[[], AbstractContextManager[Opened]]) -> Iterator[Opened]:
    """What a browser is driven by. Without the browser, tests skip, or fail in CI."""
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(opens())
        except ServiceMissing as missing:
            if os.environ.get("CI") or os.environ.get("LOOKALIKE_REQUIRE_SERVICES"):
                pytest.fail(f"A browser is required here: {missing}", pytrace=False)
            pytest.skip(str(missing))
        yield opened


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright, without(lambda: open_browser(playwright)) as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens a page. After the test, its console must hold no message that the test did not expect."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def open_page(url: str, **options: Any) -> Visitor:
            visitors.append(stack.enter_context(visiting(browser, **options)))
            visitors[-1].page.goto(url)
            return visitors[-1]

        yield open_page
        assert [visitor.unexpected for visitor in visitors if visitor.unexpected] == []


@pytest.fixture(scope="package")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of stored pictures, some of them hostile, and of queries."""
    stored, queries = draw(tmp_path_factory.mktemp("drawn"))
    spoil(stored)
    return stored, queries


@pytest.fixture(scope="package")
def broker_url() -> Iterator[str]:
    with RedisServer() as server:
        yield server.url


@pytest.fixture(scope="package")
def settings(
    tmp_path_factory: pytest.TempPathFactory, model_home: Path, broker_url: str, pictures: tuple[Path, Path]
) -> Settings:
    """The settings of a filled LanceDB, with a finished job and a running one."""
    chosen = read_settings(home=make_home(tmp_path_factory.mktemp("browser"), model_home), concurrency=1)
    fill(chosen, broker_url, pictures[0])
    leave_running(chosen, broker_url, pictures[0])
    return chosen


@pytest.fixture(scope="package")
def stage(settings: Settings, broker_url: str, pictures: tuple[Path, Path]) -> Iterator[Stage]:
    """The service on LanceDB."""
    with serving(settings, broker_url, settings.home) as url:
        yield Stage(url, *pictures)


@pytest.fixture(scope="package")
def opensearch_stage(
    request: pytest.FixtureRequest, settings: Settings, broker_url: str, pictures: tuple[Path, Path]
) -> Iterator[Stage]:
    """The service on OpenSearch."""
    with left_as_found(request.getfixturevalue("opensearch_server")) as index_url:
        chosen = read_settings(home=settings.home, index_url=index_url, concurrency=1)
        # Another database of the same Redis: each service has its own jobs.
        jobs_url = broker_url.removesuffix("/0") + "/1"
        fill(chosen, jobs_url, pictures[0])
        with serving(chosen, jobs_url, settings.home) as url:
            yield Stage(url, *pictures)


@pytest.fixture(scope="package")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for the screenshots of this run."""
    folder = Path(os.environ.get("LOOKALIKE_ARTIFACTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
