"""A block of code of a page: its language, its text, and the mark in the comment before it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from documentation.pages import ROOT
from documentation.snippets.mark import NO_MARK, Mark, mark_of_page, prepared, read_mark

#: Whatever a reader types or saves as a program.
RUNNABLE = frozenset({"console", "sh", "python", "js"})
#: What a reader only reads, or saves as a file of settings.
READABLE = frozenset({"json", "yaml", "ini", "toml", "text", "http", "html", "sql", "mermaid", "bibtex"})
_TITLE = re.compile(r'\btitle="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """`line` is that of the opening fence, from 1. `title` names the file that a reader saves the text as, if any."""

    page: str
    line: int
    language: str
    text: str
    mark: Mark = NO_MARK
    title: str = ""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_run(self) -> bool:
        """Whether the test of all pages runs it."""
        return self.language in RUNNABLE and not (self.mark.not_run or self.mark.run_by)


def pages() -> list[str]:
    """README.md and every page of docs/, from the root of the repository. Decisions stay as they were written."""
    found = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
    return ["README.md", *(page for page in found if not page.startswith("docs/decisions/"))]


def blocks(page: str, text: str | None = None) -> list[Block]:
    """The blocks of a page and what its comments prepare, in order; of this `text` instead of the file's, if given.

    Raises ValueError for a comment that looks like a mark and is not one.
    """
    return list(_blocks(page, (ROOT / page).read_text() if text is None else text))


def _blocks(page: str, text: str) -> Iterator[Block]:
    default = mark_of_page(text)
    before = NO_MARK
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "html_block":
            before = read_mark(token.content, f"{page}:{_line(token)}")
            if command := prepared(token.content):
                yield Block(page, _line(token), "sh", command + "\n")
        elif token.type in ("fence", "code_block"):
            language, _, rest = token.info.strip().partition(" ")
            title = _TITLE.search(rest)
            yield Block(
                page,
                _line(token),
                language,
                token.content,
                before if before != NO_MARK else default,
                title[1] if title else "",
            )
            before = NO_MARK
        elif token.content:
            before = NO_MARK


def _line(token: Token) -> int:
    return (token.map or [0])[0] + 1
