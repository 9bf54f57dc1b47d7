"""The pages of the site: which file of the repository each is made from, and where its links lead."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from documentation.links import Link, links_of

ROOT = Path(__file__).parents[1]
DOCS = PurePosixPath("docs")
#: Pages that people expect at the root of a repository.
AT_ROOT = {
    PurePosixPath("CHANGELOG.md"): PurePosixPath("changelog.md"),
    PurePosixPath("CONTRIBUTING.md"): PurePosixPath("contributing.md"),
    PurePosixPath("SECURITY.md"): PurePosixPath("security.md"),
}
#: Files of the repository that pages lead to, and that are no pages.
FILES = PurePosixPath("files")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)


def sources(root: Path = ROOT) -> Iterator[PurePosixPath]:
    """The files of the repository that pages are made from, as paths from its root."""
    yield from AT_ROOT
    yield from sorted(PurePosixPath(path.relative_to(root)) for path in (root / DOCS).rglob("*.md"))


def place(source: PurePosixPath) -> PurePosixPath:
    """Where a file of the repository lies in the site's tree."""
    if source.is_relative_to(DOCS):
        page = source.relative_to(DOCS)
        return page / "index.md" if (ROOT / source).is_dir() else page
    if source == PurePosixPath("README.md"):
        return PurePosixPath("index.md")
    return AT_ROOT.get(source, FILES / source)


def is_local(link: Link) -> bool:
    """Whether a link leads to a file of the repository."""
    return not _ELSEWHERE.match(link.target)


def target_of(source: PurePosixPath, link: Link) -> tuple[PurePosixPath, str]:
    """The file that a local link leads to, from the root, and the anchor in it. A folder means its README.md."""
    path, _, anchor = link.target.partition("#")
    found = PurePosixPath(os.path.normpath(source.parent / path))
    return (found / "README.md" if (ROOT / found / "README.md").is_file() else found), anchor


def placed(source: PurePosixPath, text: str) -> tuple[str, set[PurePosixPath]]:
    """A page with its links as they are in the site, and the files outside docs/ that it leads to."""
    files, parts, done = set[PurePosixPath](), [], 0
    for link in links_of(text):
        if is_local(link):
            target, anchor = target_of(source, link)
            if place(target).is_relative_to(FILES):
                files.add(target)
            relative = os.path.relpath(place(target), place(source).parent)
            parts += [text[done : link.start], relative + (f"#{anchor}" if anchor else "")]
            done = link.end
    return "".join([*parts, text[done:]]), files
