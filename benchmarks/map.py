"""The map of 100,000 synthetic images: how long each step takes, and how smoothly headless Chromium draws it.

`LOOKALIKE_MAP_INDEX` is the URL of an index to use in place of a LanceDB in a temporary folder.
"""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.table import console
from benchmarks.vectors import fill
from lookalike.errors import IndexMissing
from lookalike.fitting.progress import Advance
from lookalike.index import open_index
from lookalike.machine import usable_cores
from lookalike.mapping.keeping import keep_map
from lookalike.settings import Settings, read_settings
from lookalike_cli.serve import make_server
from lookalike_evaluation.synthetic import synthetic_model

IMAGES = int(os.environ.get("LOOKALIKE_MAP_IMAGES", "100000"))
#: Bars: seconds of the whole map, and frames a second.
MOST_S, LEAST_FPS = 120.0, 30.0
SIZES = ((1280, 900), (3840, 2160))
#: Moves and enlarges the map in each frame for so long, and returns the milliseconds between the frames. The time of a
#: frame counts to its end: Chromium begins no further frame while two are being drawn.
FRAMES = """async (duration_ms) => {
    const place = document.querySelector("#place");
    const {left, top, width, height} = place.getBoundingClientRect();
    const gaps = [];
    let last = await new Promise(requestAnimationFrame);
    const end = last + duration_ms;
    while (last < end) {
        const deltaY = Math.sin(gaps.length / 20) * 12;
        const at = {clientX: left + width / 3, clientY: top + height / 2};
        place.dispatchEvent(new WheelEvent("wheel", {deltaY, ...at, bubbles: true, cancelable: true}));
        const now = await new Promise(requestAnimationFrame);
        gaps.push(now - last);
        last = now;
    }
    return gaps;
}"""
#: Scripts that make the page choose a painter, whatever this machine has.
CHOOSE_2D = """HTMLCanvasElement.prototype.getContext = ((original) => function (kind, ...rest) {
    return kind === "webgl" ? null : original.call(this, kind, ...rest);
})(HTMLCanvasElement.prototype.getContext)"""
CHOOSE_WEBGL = """HTMLCanvasElement.prototype.getContext = ((original) => function (kind, options) {
    return original.call(this, kind, {...options, failIfMajorPerformanceCaveat: false});
})(HTMLCanvasElement.prototype.getContext);
WebGLRenderingContext.prototype.getParameter = ((original) => function (name) {
    return name === 0x9246 ? "a card" : original.call(this, name);
})(WebGLRenderingContext.prototype.getParameter)"""
PAINTERS = {"webgl": CHOOSE_WEBGL, "2d": CHOOSE_2D}
#: What computes WebGL.
RENDERER = """() => {
    const gl = document.createElement("canvas").getContext("webgl");
    const names = gl?.getExtension("WEBGL_debug_renderer_info");
    return names ? gl.getParameter(names.UNMASKED_RENDERER_WEBGL) : "none";
}"""
DURATION_MS = 5000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("LOOKALIKE_MAP_INDEX") or f"lancedb://{folder}/index"
        settings = read_settings(home=Path(folder), index_url=url, index="map-benchmark")
        with closing(open_index(url, settings.index)) as index:
            index.ensure(synthetic_model())
            fill(index, synthetic_model(), IMAGES)
        try:
            _compute(settings)
            with _serving(settings) as page_url:
                _draw(page_url)
        finally:
            with closing(open_index(url, settings.index)) as index, suppress(IndexMissing):
                index.drop()


def _compute(settings: Settings) -> None:
    @contextmanager
    def progress(verb: str, total: int) -> Iterator[Advance]:
        began, cpu = time.perf_counter(), time.process_time()
        yield lambda done: None
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        console.print(f"  {verb} {total:,} images: {took_s:.1f} s, {cpu_s:.1f} s of CPU")

    console.print(f"{usable_cores()} cores, load average {os.getloadavg()[0]:.1f}; s of CPU are those of all threads")
    cpu = time.process_time()
    report = keep_map(settings, progress=progress)
    console.print(
        f"Map of {report.images:,} images, {report.sample:,} laid out together: {report.seconds:.1f} s, "
        f"{time.process_time() - cpu:.1f} s of CPU; bar: {MOST_S:.0f} s or less"
    )


@contextmanager
def _serving(settings: Settings) -> Iterator[str]:
    server = make_server(settings, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.05)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/map"
    finally:
        server.should_exit = True
        thread.join()


def _draw(url: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        with playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser:
            _say_how(browser)
            for width, height in SIZES:
                chosen = _drawn(browser, url, width, height, "", "as the page chooses here")
                for kind, script in PAINTERS.items():
                    if kind != chosen:
                        _drawn(browser, url, width, height, script, "for comparison")


def _say_how(browser: Any) -> None:
    with browser.new_page() as page:
        renderer = page.evaluate(RENDERER)
    console.print(
        f"Frames of Chromium {browser.version}, headless; WebGL is computed by: {renderer}. In each frame for "
        f"{DURATION_MS / 1000:.0f} s, the wheel enlarges the map a little or makes it smaller; a frame lasts from one "
        f"call of requestAnimationFrame to the next one. Load average {os.getloadavg()[0]:.1f}."
    )


def _drawn(browser: Any, url: str, width: int, height: int, script: str, why: str) -> str:
    """Measure the frames in a window of this size; returns the painter."""
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        context.add_init_script(script)
        return _measure(context.new_page(), url, f"{width} x {height}", why)


def _measure(page: Any, url: str, size: str, why: str) -> str:
    began = time.perf_counter()
    page.goto(url)
    page.locator("#frame[aria-busy=false]").wait_for(timeout=120_000)
    shown_s = time.perf_counter() - began
    gaps = sorted(page.evaluate(FRAMES, DURATION_MS))
    kind = str(page.locator("#place").get_attribute("data-painter"))
    console.print(
        f"{size}, {kind} ({why}): shown after {shown_s:.1f} s; {1000 * len(gaps) / sum(gaps):.0f} frames a second, "
        f"95 % of them within {gaps[int(0.95 * len(gaps))]:.0f} ms; bar: {LEAST_FPS:.0f} frames a second"
    )
    return kind
