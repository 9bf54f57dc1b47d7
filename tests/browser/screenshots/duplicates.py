"""Copies of pictures, of which a person has decided about some."""

from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect

from lookalike import samples
from lookalike.samples import Sample
from tests.browser.screenshots.stages import service_over, settings_in
from tests.browser.screenshots.views import LIGHT, SMALL, VIEWS, View, keep, seeing
from tests.browser.stage import SEED, settle

COPIED = ("mountains-at-dusk", "citrus", "hot-air-balloons")
SPRING, DAY_S = datetime(2026, 3, 20, 9, 30, tzinfo=UTC).timestamp(), 86_400


def take(browser: Browser, folder: Path) -> None:
    with service_over(settings_in(folder), _copied(folder / "Pictures")) as url:
        _compare(browser, url)
        for view in VIEWS:
            _decided(browser, folder, url, view)


def _compare(browser: Browser, url: str) -> None:
    """The service keeps what it found for all who come later."""
    with seeing(browser, LIGHT) as visitor:
        visitor.page.goto(f"{url}duplicates")
        visitor.page.get_by_role("button", name="Compare all pictures").click()
        expect(visitor.page.get_by_role("button", name="Compare again")).to_be_enabled()


def _decided(browser: Browser, folder: Path, url: str, view: View) -> None:
    with seeing(browser, view) as visitor:
        visitor.page.goto(f"{url}duplicates")
        visitor.page.locator(".group .yes").first.click()
        expect(visitor.page.locator(".member img.loaded").nth(2)).to_be_attached()
        # A phone shows either the group or what is above it.
        above = "document.querySelector('.group').getBoundingClientRect().top + scrollY - 16"
        visitor.page.evaluate(f"scrollTo({{top: {above if view.is_phone else 0}, behavior: 'instant'}})")
        keep(visitor.page, folder, f"duplicates-{view.name}", SMALL)


def _copied(folder: Path) -> Path:
    """Drawn pictures as people have them: with copies of the same bytes, compressed again, and smaller ones."""
    for number, label in enumerate(COPIED):
        path = folder / "2026" / f"{label}.jpg"
        samples.keep(Sample(label, number, SEED), path)
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
