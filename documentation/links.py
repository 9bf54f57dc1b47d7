"""Finds the links of a Markdown text, and the anchors of its headings."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pymdownx.slugs import slugify

_PARSER = MarkdownIt("commonmark").enable("table")
_SLUG = slugify(case="lower")
#: A span of code, or the target of a link, an image, a definition or an HTML attribute.
_TARGET = re.compile(
    r"(?P<ticks>`+)(?!`)(?:(?!\n\n).)*?(?<!`)(?P=ticks)(?!`)"
    r"|\]\((?P<inline>[^()\s]+(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"\n]*\")?\)"
    r"|^ {0,3}\[[^\]\n]+\]:\s+(?P<defined>\S+)"
    r"|<[^<>\n]*\s(?:href|src|srcset)=\"(?P<html>[^\"\s]+)\""
    r"|<(?P<bare>https?://[^<>\s]+)>",
    re.MULTILINE | re.DOTALL,
)


class Link(NamedTuple):
    """A target in a text: its line from 1, and the part of the text that holds it."""

    line: int
    target: str
    start: int
    end: int


def links_of(text: str) -> Iterator[Link]:
    """The links and images of a Markdown text, in order. Code has none."""
    prose = _without_code_blocks(text)
    for match in _TARGET.finditer(prose):
        for name in ("inline", "defined", "html", "bare"):
            if target := match[name]:
                start, end = match.span(name)
                yield Link(prose.count("\n", 0, start) + 1, target, start, end)


@cache
def anchors_of(text: str) -> frozenset[str]:
    """The anchors of a Markdown text: those of its headings, and the ids of its HTML."""
    tokens = _parsed(text)
    titles = [after.children for token, after in pairwise(tokens) if token.type == "heading_open"]
    found = frozenset(_SLUG("".join(part.content for part in title or []), "-") for title in titles)
    return found.union(re.findall(r"<[^<>\n]*\sid=\"([^\"\s]+)\"", _without_code_blocks(text)))


@cache
def _parsed(text: str) -> list[Token]:
    return _PARSER.parse(text)


def _without_code_blocks(text: str) -> str:
    """The text with blanks in place of blocks of code, so that positions stay."""
    lines = text.splitlines(keepends=True)
    for token in _parsed(text):
        if token.type in ("fence", "code_block") and token.map:
            for number in range(*token.map):
                lines[number] = re.sub(r"[^\n]", " ", lines[number])
    return "".join(lines)
