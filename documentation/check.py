"""Checks the links of all pages: each leads to a file of the repository, and to an anchor in it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from documentation.links import Link, anchors_of, links_of
from documentation.pages import ROOT, is_local, sources, target_of


def faults(pages: Iterator[PurePosixPath] | None = None) -> Iterator[str]:
    """A line for each link that leads nowhere: file, line, target, and what is missing."""
    for source in pages or sources():
        for link in links_of((ROOT / source).read_text(encoding="utf-8")):
            if fault := _fault(source, link):
                yield f"{source}:{link.line}: {link.target}: {fault}"


def _fault(source: PurePosixPath, link: Link) -> str:
    if link.target.startswith("#"):
        return "" if link.target[1:] in _anchors(ROOT / source) else "this page has no such anchor"
    if not is_local(link):
        return ""
    target, anchor = target_of(source, link)
    if not (ROOT / target).exists():
        return f"there is no file {target}"
    if anchor and anchor not in _anchors(ROOT / target):
        return f"{target} has no such anchor"
    return ""


@cache
def _anchors(path: Path) -> set[str]:
    return anchors_of(path.read_text(encoding="utf-8"))
