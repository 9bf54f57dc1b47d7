"""The pages of the site: which file of the repository each is made from, and where its links lead."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from documentation.links import Link, links_of

ROOT = Path(__file__).parents[1]
DOCS = PurePosixPath("docs")
#: Pages that people expect elsewhere in a repository, and their places in the site.
ELSEWHERE = {
    PurePosixPath("CHANGELOG.md"): PurePosixPath("changelog.md"),
    PurePosixPath("CONTRIBUTING.md"): PurePosixPath("contributing.md"),
    PurePosixPath("SECURITY.md"): PurePosixPath("security.md"),
    PurePosixPath("deploy/kubernetes/README.md"): PurePosixPath("kubernetes.md"),
}
README = PurePosixPath("README.md")
#: Files of the repository that pages lead to, from outside docs/.
FILES = PurePosixPath("files")
_LIGHT_PICTURE = re.compile(r"!\[(?P<text>[^\]]*)\]\((?P<before>[^()\s]+)-desktop\.png\)")
_NOT_LOCAL = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)


def sources() -> Iterator[PurePosixPath]:
    """The Markdown files that are pages, as paths from the repository's root: those of docs/, and all they lead to."""
    waiting = [*ELSEWHERE, *sorted(PurePosixPath(path.relative_to(ROOT)) for path in (ROOT / DOCS).rglob("*.md"))]
    seen = {README, *waiting}
    while waiting:
        yield (source := waiting.pop(0))
        found = {target_of(source, link)[0] for link in links_of(read(source)) if is_local(link)}
        more = {path for path in found - seen if path.suffix == ".md" and (ROOT / path).is_file()}
        waiting += sorted(more)
        seen |= more


def read(source: PurePosixPath) -> str:
    return (ROOT / source).read_text(encoding="utf-8")


def place(source: PurePosixPath) -> PurePosixPath:
    """Where a file of the repository lies in the site's tree."""
    if source.is_relative_to(DOCS):
        page = source.relative_to(DOCS)
        return page / "index.md" if (ROOT / source).is_dir() else page
    if source == README:
        return PurePosixPath("index.md")
    return ELSEWHERE.get(source, FILES / source)


def is_local(link: Link) -> bool:
    """Whether a link leads to a file of the repository."""
    return not _NOT_LOCAL.match(link.target)


def target_of(source: PurePosixPath, link: Link) -> tuple[PurePosixPath, str]:
    """The file that a local link leads to, from the root, and the anchor in it. A folder means its README.md."""
    path, _, anchor = link.target.partition("#")
    found = PurePosixPath(os.path.normpath(source.parent / path))
    return (found / "README.md" if (ROOT / found / "README.md").is_file() else found), anchor


def placed(source: PurePosixPath) -> tuple[str, set[PurePosixPath]]:
    """A page with its links as they are in the site, and the files outside docs/ that it leads to."""
    text, files, parts, done = read(source), set[PurePosixPath](), list[str](), 0
    for link in links_of(text):
        if is_local(link):
            target, anchor = target_of(source, link)
            if place(target).is_relative_to(FILES):
                files.add(target)
            relative = os.path.relpath(place(target), place(source).parent)
            parts += [text[done : link.start], relative + (f"#{anchor}" if anchor else "")]
            done = link.end
    return _in_both_colours("".join([*parts, text[done:]]), source), files


def _in_both_colours(text: str, source: PurePosixPath) -> str:
    """The text with a dark picture beside each light one that has a dark counterpart. The site shows one of both."""

    def pair(shown: re.Match[str]) -> str:
        light, dark = (shown["before"] + f"-{name}.png" for name in ("desktop", "dark"))
        if not (ROOT / DOCS / place(source).parent / dark).is_file():
            return shown[0]
        return f"![{shown['text']}]({light}#only-light)![{shown['text']}]({dark}#only-dark)"

    return _LIGHT_PICTURE.sub(pair, text)
