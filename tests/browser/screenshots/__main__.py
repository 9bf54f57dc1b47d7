"""`make screenshots`, or `python -m tests.browser.screenshots [search] [start] [duplicates] [map] [flower]`, renews the
screenshots in docs/."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from testing.services import ServiceMissing
from tests.browser.screenshots import duplicates, flower, pictures
from tests.browser.visitor import open_browser

SCENES: dict[str, Callable[[Browser, Path], None]] = {
    "search": pictures.search,
    "start": pictures.start,
    "map": pictures.chart,
    "duplicates": duplicates.take,
    "flower": flower.take,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description="Renews docs/*.png.")
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"some of {', '.join(SCENES)}; without any, all")
    wanted = parser.parse_args().scenes or list(SCENES)
    if unknown := sorted(set(wanted) - set(SCENES)):
        parser.error(f"{unknown[0]} is not one of {', '.join(SCENES)}")
    try:
        with sync_playwright() as playwright:
            browser = open_browser(playwright)
            for scene in wanted:
                with tempfile.TemporaryDirectory() as folder:
                    SCENES[scene](browser, Path(folder))
    except ServiceMissing as missing:
        sys.exit(f"No screenshots: {missing}")


if __name__ == "__main__":
    main()
