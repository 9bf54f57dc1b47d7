"""A person at a browser: actions on the page, what it shows, and every error of the browser's console."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Playwright, ViewportSize

from testing.services import ServiceMissing
from tests.browser import chromium

PHONE = ViewportSize(width=360, height=740)
DESKTOP = ViewportSize(width=1280, height=900)
#: Enough for a busy machine.
TIMEOUT_MS = 20_000
#: Dispatches a drop or a paste with files, as the browser does.
DISPATCH = """({event, files, on}) => {
    const data = new DataTransfer();
    for (const {name, type, base64} of files) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        data.items.add(new File([bytes], name, {type}));
    }
    const made = event === "paste"
        ? new ClipboardEvent(event, {clipboardData: data, bubbles: true, cancelable: true})
        : new DragEvent(event, {dataTransfer: data, bubbles: true, cancelable: true});
    document.querySelector(on).dispatchEvent(made);
}"""
#: Resolves when every visible picture is loaded, and every style sheet: some arrive after the page, and move what they
#: are about. Playwright's own wait evaluates text, which the page's policy forbids.
LOADED = """async (timeout_ms) => {
    const begun = performance.now();
    const isMissing = (image) => image.getBoundingClientRect().top < innerHeight && !image.matches(".loaded");
    const areMissing = () => [...document.querySelectorAll(".tile img")].some(isMissing)
        || [...document.querySelectorAll("link[rel=stylesheet]")].some(({ sheet }) => !sheet);
    while (areMissing()) {
        if (performance.now() - begun > timeout_ms) {
            throw new Error("pictures or styles are missing");
        }
        await new Promise(requestAnimationFrame);
    }
}"""
#: Permissions of a page that copies, and of a test that reads what it copied.
CLIPBOARD = ["clipboard-read", "clipboard-write"]
TYPES = {".jpg": "image/jpeg", ".webp": "image/webp", ".png": "image/png", ".txt": "text/plain"}


@dataclass
class Visitor:
    """A page and its actions. `expected` holds words of console messages that the test causes on purpose."""

    page: Page
    messages: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(TIMEOUT_MS)
        self.page.on("console", lambda message: self._listen(message.type, message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))

    @property
    def unexpected(self) -> list[str]:
        return [text for text in self.messages if not any(words in text for words in self.expected)]

    @property
    def tiles(self) -> Locator:
        return self.page.locator(".tile:not(.placeholder)")

    @property
    def labels(self) -> list[str]:
        return self.page.locator(".tile .name").all_inner_texts()

    @property
    def addresses(self) -> list[str]:
        """The uris of the tiles, in order."""
        return [tile.get_attribute("title") or "" for tile in self.tiles.all()]

    @property
    def scores(self) -> list[float]:
        return [float(text) for text in self.page.locator(".tile .score").all_inner_texts()]

    @property
    def clipboard(self) -> str:
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def drop(self, *files: Path) -> None:
        self._dispatch("drop", files)

    def drop_on(self, selector: str, *files: Path) -> None:
        self._dispatch("drop", files, selector)

    def paste(self, *files: Path) -> None:
        self._dispatch("paste", files)

    def await_results(self) -> None:
        """Wait until the latest search is answered and the visible pictures are loaded."""
        self.page.locator("#gallery[aria-busy=false]").wait_for()
        self.await_pictures()

    def await_pictures(self) -> None:
        """Wait until the visible pictures are loaded."""
        self.page.evaluate(LOADED, TIMEOUT_MS)

    def broken_rules(self) -> list[str]:
        """The violations that axe-core finds, one line each, after all animations have ended or were cancelled."""
        self.page.evaluate("Promise.allSettled(document.getAnimations().map((animation) => animation.finished))")
        violations: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [f"{rule['id']}: {node['html'][:200]}" for rule in violations for node in rule["nodes"]]

    def _listen(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.messages.append(text)

    def _dispatch(self, event: str, files: tuple[Path, ...], on: str = "main") -> None:
        contents = [
            {"name": path.name, "type": TYPES[path.suffix], "base64": base64.b64encode(path.read_bytes()).decode()}
            for path in files
        ]
        self.page.evaluate(DISPATCH, {"event": event, "files": contents, "on": on})


def open_browser(playwright: Playwright) -> Browser:
    """Debian's Chromium, headless, without notice of changes to network devices. Raises ServiceMissing."""
    if chromium.PATH is None:
        raise ServiceMissing("no Chromium on the PATH: apt-get install chromium-headless-shell")
    return playwright.chromium.launch(executable_path=chromium.__file__, args=["--no-sandbox"])


@contextmanager
def visiting(browser: Browser, size: ViewportSize = DESKTOP, **options: Any) -> Iterator[Visitor]:
    """A visitor with a new profile; `options` are those of Playwright's `new_context`."""
    with browser.new_context(viewport=size, locale="en-GB", **options) as context:
        yield Visitor(context.new_page())
