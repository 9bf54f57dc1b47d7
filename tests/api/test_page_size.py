"""How much code each page needs for its first sight: the page, and all that it, its modules and its parts load."""

import re
from collections.abc import Iterator

import pytest

from lookalike_api.html_pages import PAGE

#: Bytes, unpacked.
MOST = 100_000
#: What a page loads -> the parts that its first sight needs beside its own modules and styles.
SIGHTS = {
    "start": ("index.html", "collection.js", "collection.css", "collection.html"),
    "search": ("index.html", "search_view.js", "filters.css", "fields.js"),
    "map": ("map.html",),
    "duplicates": ("duplicates.html",),
}
#: Loaded when somebody wants it, or when the page is idle.
LATER = {
    "collection.js",
    "detail.js",
    "export.js",
    "failed.js",
    "field_panel.js",
    "fields.js",
    "jobs.js",
    "key_dialog.js",
    "map-matches.js",
    "panels.js",
    "part.js",
    "scores.js",
    "search_view.js",
    "selected.js",
    "selection.js",
}
NAMED = re.compile(r'<(?:link rel="(?:stylesheet|modulepreload|icon)"|script)[^>]* (?:href|src)="page/([^"]+)"')
IMPORTED = re.compile(r'^(?:import|export)\b[^;]*?"\./([^"]+)"', re.MULTILINE)
WANTED = re.compile(r'\bimport\("\./([^"]+)"\)')


def loaded_by(*names: str) -> set[str]:
    """These files and all that they load by themselves."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _loads(name)
    return found


def _loads(name: str) -> Iterator[str]:
    form = {"html": NAMED, "js": IMPORTED}.get(name.rsplit(".", 1)[-1])
    return (match[1] for match in form.finditer(_text(name))) if form else iter(())


def _text(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _size(names: set[str]) -> int:
    return sum((PAGE / name).stat().st_size for name in names)


@pytest.mark.parametrize("sight", SIGHTS)
def test_the_first_sight_of_a_page_needs_little_code(sight: str) -> None:
    files = loaded_by(*SIGHTS[sight])
    assert {"base.css", "api.js", "text.js"} <= files
    sizes = sorted(((PAGE / name).stat().st_size, name) for name in files)
    assert _size(files) < MOST, sizes


def test_what_is_loaded_later_is_known() -> None:
    """A part that is new here belongs to SIGHTS as well, if a first sight needs it."""
    pages = {path.name for path in PAGE.glob("*.html")} & {parts[0] for parts in SIGHTS.values()}
    files = loaded_by(*pages)
    while wanted := {match[1] for name in files for match in WANTED.finditer(_text(name))} - files:
        assert wanted <= LATER
        files |= loaded_by(*wanted)
    assert files >= LATER


def test_every_module_and_style_of_the_page_is_used() -> None:
    styles = re.compile(r'\b(?:styled|marked)\("([^"]+)"[,)]')
    files = loaded_by("map.html", "duplicates.html", *(name for parts in SIGHTS.values() for name in parts), *LATER)
    files |= {match[1] for name in files for match in styles.finditer(_text(name))}
    # The documentation of the service and the browser's tab name it.
    assert {path.name for path in PAGE.iterdir()} - files == set()
