"""The site, built once, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from documentation.build import build
from tests.browser.conftest import without
from tests.browser.visitor import TIMEOUT_MS, open_browser


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("documentation") / "site"
    build(folder)
    return folder


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright, without(lambda: open_browser(playwright)) as opened:
        yield opened
