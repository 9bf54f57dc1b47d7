"""Kinds of screens, and the files that their pictures become."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from testing.processes import ROOT
from tests.browser.visitor import DESKTOP, PHONE, Visitor, visiting

#: A palette reduces a screenshot to a quarter of its size; 256 colours are the most in PNG.
COLOURS = 256
#: For pages of many pictures, so that none takes more than 150 kB.
SMALL = 96
#: Colours that cover this share of a page, as its background does, stay as they are. The others become mixtures.
FLAT_SHARE = 0.01
#: What readers see in place of the temporary folder.
HOME = "/home/ada"
#: Replaces a text wherever the page shows it.
REPLACE = """([old, shown]) => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        texts.currentNode.data = texts.currentNode.data.replaceAll(old, shown);
    }
}"""


class View(NamedTuple):
    """A kind of screen."""

    name: str
    size: ViewportSize
    scheme: str

    @property
    def is_phone(self) -> bool:
        return self.size == PHONE


LIGHT, DARK, HANDHELD = View("desktop", DESKTOP, "light"), View("dark", DESKTOP, "dark"), View("phone", PHONE, "light")
VIEWS = (LIGHT, DARK, HANDHELD)


@contextmanager
def seeing(browser: Browser, view: View) -> Iterator[Visitor]:
    with visiting(
        browser, view.size, is_mobile=view.is_phone, has_touch=view.is_phone, color_scheme=view.scheme
    ) as visitor:
        yield visitor


def keep(page: Page, folder: Path, name: str, colours: int = COLOURS) -> None:
    """Write docs/`name`.png: what the page shows, with HOME in place of the temporary folder."""
    page.evaluate(REPLACE, [str(folder), HOME])
    if str(folder) in page.locator("body").inner_text():
        raise ValueError(f"{name} shows {folder}")
    image = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    path = ROOT / "docs" / f"{name}.png"
    _reduced(image, colours).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def _reduced(image: Image.Image, colours: int) -> Image.Image:
    """The image with a palette of so many colours."""
    # With few colours, what makes up for them takes the room that they save.
    dither = Image.Dither.FLOYDSTEINBERG if colours == COLOURS else Image.Dither.NONE
    size = image.width * image.height
    flat = [colour for count, colour in image.getcolors(size) or [] if count > size * FLAT_SHARE]
    mixtures = image.quantize(colours - len(flat))
    pixels = numpy.array(image.quantize(palette=mixtures, dither=dither))
    for number, colour in enumerate(flat, start=colours - len(flat)):
        pixels[(numpy.asarray(image) == colour).all(axis=2)] = number
    reduced = Image.fromarray(pixels)
    mixed = (mixtures.getpalette() or [])[: 3 * (colours - len(flat))]
    reduced.putpalette([*mixed, *[0] * (3 * (colours - len(flat)) - len(mixed)), *numpy.array(flat).ravel().tolist()])
    return reduced
