"""How much code the page loads until it shows a search, and how soon it shows results: from the end of an answer with
60 to the frame that shows them, in headless Chromium."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.ours import LOOKALIKE, environment, ingest
from benchmarks.program import Program
from benchmarks.table import console, print_rates
from lookalike.records import ImageRef
from lookalike.samples import draw_samples
from testing.services.ports import free_port

SIZES = ((1280, 900), (360, 740))
INDEX = "images"
PER_CLASS = 8
K = 60
ROUNDS = 15
#: Bars.
MOST_BYTES, MOST_MS = 100_000, 150.0
#: Searches for what is like the match at a place. Milliseconds from the end of the answer to the end of the frame after
#: which all tiles are there.
SHOWN = """async (at) => {
    performance.clearResourceTimings();
    const list = document.querySelector("#gallery");
    const former = list.firstElementChild;
    list.querySelectorAll(".more")[at].click();
    const channel = new MessageChannel();
    const next = () => new Promise((done) => {
        channel.port1.onmessage = done;
        channel.port2.postMessage(null);
    });
    while (list.firstElementChild === former || list.getAttribute("aria-busy") !== "false") {
        await next();
    }
    await new Promise(requestAnimationFrame);
    await next();
    const [answer] = performance.getEntriesByType("resource").filter(({name}) => name.endsWith("/search"));
    return [list.children.length, performance.now() - answer.responseEnd];
}"""
#: Bytes of all code that the page had begun to load when it showed itself: as they are sent, and unpacked. A file that
#: two places name is loaded once.
CODE = """(() => {
    const [shown] = performance.getEntriesByName("shown");
    const isCode = ({entryType, name}) => entryType === "navigation" || name.includes("/page/");
    const files = performance.getEntries().filter((file) => isCode(file) && file.startTime < shown.startTime);
    const once = [...new Map(files.map((file) => [file.name, file])).values()];
    const sum = (key) => once.reduce((total, file) => total + file[key], 0);
    return [sum("encodedBodySize"), sum("decodedBodySize")];
})()"""
#: What a search has left to load, such as thumbnails, must not count in the next one.
PAUSE_MS = 1000.0


def main() -> None:
    from playwright.sync_api import sync_playwright

    sides: dict[str, list[float]] = {}
    with _served() as url, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        with playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser:
            for width, height in SIZES:
                name = f"{width} x {height}"
                with browser.new_context(viewport={"width": width, "height": height}) as context:
                    page = context.new_page()
                    page.goto(url)
                    page.locator("#gallery[aria-busy=false]").wait_for()
                    _say_code(name, page.evaluate(CODE))
                    sides[name] = [_shown_ms(page, at) for at in range(ROUNDS)]
    print_rates(f"From the answer to {K} results that are shown (bar {MOST_MS:.0f})", "ms", sides)
    assert all(median(values) <= MOST_MS for values in sides.values())


@contextmanager
def _served() -> Iterator[str]:
    """The address of a search for what is like one of the drawn images."""
    with tempfile.TemporaryDirectory() as folder:
        home, images = Path(folder, "home"), Path(folder, "pictures")
        draw_samples(images, per_class=PER_CLASS)
        with environment(home, f"lancedb://{home}/index"):
            port = free_port()
            with Program([*LOOKALIKE, "up", "--port", str(port)], port, "/health/live"):
                ingest(images, INDEX)
                id = ImageRef(str(min(images.rglob("*.jpg")))).id
                yield f"http://127.0.0.1:{port}/?id={id}&k={K}"


def _say_code(name: str, code: list[int]) -> None:
    sent, unpacked = code
    console.print(f"{name}: {sent:,} bytes of code are sent, {unpacked:,} unpacked (bar {MOST_BYTES:,} unpacked)")
    assert unpacked <= MOST_BYTES


def _shown_ms(page: Any, at: int) -> float:
    count, milliseconds = page.evaluate(SHOWN, at)
    assert count == K
    page.wait_for_timeout(PAUSE_MS)
    return float(milliseconds)
