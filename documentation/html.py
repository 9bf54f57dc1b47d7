"""Checks the built site: each link leads to a file and an anchor of it, and nothing is fetched from another host."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: What a browser fetches without being asked, by tag: its attribute.
_FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
#: Such relations of a `link` are read by nobody.
_NOT_FETCHED = {"next", "prev", "canonical"}


class Page(HTMLParser):
    """The links, what is fetched, and the anchors of a page of the site."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors.add(values.get("id", ""))
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif (name := _FETCHED.get(tag)) in values and values.get("rel") not in _NOT_FETCHED:
            self.fetched.append(values[str(name)])


def site_faults(site: Path) -> Iterator[str]:
    """A line for each target of the site that does not exist, or is on another host although a browser fetches it."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        # A server shows it for any address, so its links cannot be relative.
        if path.name == "404.html":
            continue
        for target in page.fetched:
            if urlsplit(target).netloc:
                yield f"{path.relative_to(site)}: {target}: is fetched from another host"
        for target in page.links + page.fetched:
            if fault := _fault(path, target, pages):
                yield f"{path.relative_to(site)}: {target}: {fault}"


def _fault(path: Path, target: str, pages: dict[Path, Page]) -> str:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return ""
    found = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if found in pages:
        return "" if unquote(parts.fragment) in pages[found].anchors else "there is no such anchor"
    return "" if found.is_file() else "there is no such file"
