"""`python -m tests.browser.screenshots` makes the two screenshots of the documentation anew, from drawn pictures."""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from cli.samples import PAINTERS
from lookalike.embedding import build_artifact, resolve
from lookalike.settings import Settings, read_settings
from tests.browser.stage import Stage, draw, fill, serving
from tests.browser.visitor import DESKTOP, PHONE, open_browser, visiting
from tests.running import ROOT, make_home
from tests.services import ServiceMissing
from tests.services.redis import RedisServer

PER_CLASS = 6
#: A palette makes a screenshot a quarter as large; PNG has none of more colours.
COLOURS = 256


def main() -> None:
    try:
        with tempfile.TemporaryDirectory() as folder, RedisServer() as broker, sync_playwright() as playwright:
            browser = open_browser(playwright)
            stage, settings = _staged(Path(folder), broker.url)
            with serving(settings, broker.url, settings.home) as url:
                shown = Stage(url, *stage)
                _picture(browser, shown, "page-desktop", DESKTOP, labels=["mountains-at-dusk"])
                _picture(browser, shown, "page-phone", PHONE, labels=["citrus", "flowers"])
    except ServiceMissing as missing:
        sys.exit(f"No screenshots: {missing}")


def _staged(folder: Path, broker_url: str) -> tuple[tuple[Path, Path], Settings]:
    """The folders, and the settings of an index that holds them. The model is the one of the user's own home."""
    model_home = read_settings().home
    build_artifact(resolve("efficientnet-lite0"), model_home)
    settings = read_settings(home=make_home(folder, model_home), index="images", concurrency=1)
    drawn = draw(folder, tuple(PAINTERS), PER_CLASS)
    fill(settings, broker_url, drawn[0])
    return drawn, settings


def _picture(browser: Browser, stage: Stage, name: str, size: ViewportSize, labels: list[str]) -> None:
    is_phone = size == PHONE
    with visiting(browser, size, is_mobile=is_phone, has_touch=is_phone) as visitor:
        visitor.page.goto(stage.url)
        # Twice, because the first search of a service is its slowest.
        for _ in range(2):
            visitor.drop(*(stage.query(label) for label in labels))
            visitor.await_results()
        shot = visitor.page.screenshot(animations="disabled")
    path = ROOT / "docs" / f"{name}.png"
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image.quantize(palette=image.quantize(COLOURS), dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
