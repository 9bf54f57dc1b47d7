"""Checks pages before they are built: links lead to files and anchors of the repository, and menus show each page."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from documentation.decisions import INDEX
from documentation.links import Link, anchors_of, links_of
from documentation.pages import FILES, README, ROOT, is_local, place, read, sources, target_of

CONFIG = Path(__file__).with_name("zensical.toml")
#: Where a program on the reader's machine answers.
OWN_HOST = "127.0.0.1"
#: Python-Markdown, which builds the site, takes only four spaces as a part of a list.
_INDENT = 4
_FENCE = re.compile(r"^( *)(?:```|~~~)[^\n]")
_HOST = re.compile(r"(?=.*\.)[a-z0-9.-]+(:\d+)?")


def faults() -> Iterator[str]:
    """A line for each link that leads nowhere (file, line, target, reason), for each block that would fall out of its
    list, and for each page that no menu shows."""
    for source in (README, *sources()):
        yield from (
            f"{source}:{line}: indent this block, as all of its list, by {_INDENT} spaces" for line in _slipped(source)
        )
        for link in links_of(read(source)):
            if fault := _fault(source, link):
                yield f"{source}:{link.line}: {link.target}: {fault}"
    yield from _unlisted()


def outside() -> Iterator[tuple[PurePosixPath, Link]]:
    """The links of all pages to other hosts, each with the file that it is in."""
    for source in (README, *sources()):
        for link in links_of(read(source)):
            if urlsplit(link.target).hostname not in (None, OWN_HOST):
                yield source, link


def _slipped(source: PurePosixPath) -> Iterator[int]:
    """The lines at which blocks begin that the site would show outside of their list."""
    for number, line in enumerate(read(source).splitlines(), start=1):
        if (fence := _FENCE.match(line)) and len(fence[1]) % _INDENT:
            yield number


def _fault(source: PurePosixPath, link: Link) -> str:
    if not is_local(link):
        return (
            _fault_of_form(link.target)
            if not link.target.startswith("#")
            else _fault_of_anchor(source, link.target[1:])
        )
    target, anchor = target_of(source, link)
    if not (ROOT / target).exists():
        return f"there is no file {target}"
    if (ROOT / target).is_dir() and place(target) != INDEX:
        return "a folder without a README.md is not a page"
    return _fault_of_anchor(target, anchor) if anchor else ""


def _fault_of_form(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme == "mailto" or parts.hostname == OWN_HOST:
        return ""
    return "" if parts.scheme == "https" and _HOST.fullmatch(parts.netloc) else "write https:// and a host"


def _fault_of_anchor(page: PurePosixPath, anchor: str) -> str:
    return "" if anchor in anchors_of(read(page)) else f"{page} has no such anchor"


def _unlisted() -> Iterator[str]:
    """Pages that are missing in the menu. Decisions have a page that lists them. A broken file is one line."""
    try:
        listed = set(_leaves(tomllib.loads(CONFIG.read_text(encoding="utf-8"))["project"]["nav"]))
    except (OSError, ValueError) as error:
        yield f"documentation/{CONFIG.name}: cannot be read: {error}"
        return
    except (KeyError, TypeError):
        yield f"documentation/{CONFIG.name}: write the menu as a list `nav` in the table [project]"
        return
    for source in sources():
        page = place(source)
        if str(page) not in listed and page.parent != INDEX.parent and not page.is_relative_to(FILES):
            yield f"{source}: add it to `nav` of documentation/{CONFIG.name}"


def _leaves(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, list | dict):
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from _leaves(part)
