"""Every command that the documentation shows exists, with these options."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.main import get_command

from lookalike_cli.main import app
from testing.processes import ROOT

PAGES = ("README.md", *(f"docs/{name}.md" for name in ("sources", "metadata", "operations", "models", "quality")))
#: A line of a block of code, fenced or indented, perhaps behind a pipe; or a text between backticks.
_SHOWN = re.compile(r"(?m)^(?: {3,4}|.*\| |)(?:\.venv/bin/)?lookalike ([a-z].*)$|`lookalike ([a-z][^`]*)`")
#: What goes on elsewhere, is a drawing, or stands for something else.
_NO_COMMAND = re.compile(r"\.\.\.|[|;$─]|\\$")


def shown(page: str) -> Iterator[list[str]]:
    for line, inline in _SHOWN.findall((ROOT / page).read_text()):
        if not _NO_COMMAND.search(line or inline):
            yield shlex.split(line or inline, comments=True)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_are_parsed(page: str) -> None:
    for words in shown(page):
        _parse(words)


def test_commands_are_found_in_the_page_of_sources() -> None:
    found = list(shown("docs/sources.md"))
    assert ["failed", "retry", "--reason", "host_unavailable"] in found and ["ingest", "-"] in found
    assert len(found) > 15


def _parse(words: list[str]) -> None:
    """Raises what the command line says of options that do not exist, or lack their value."""
    command: Any = get_command(app)
    while hasattr(command, "get_command") and words:
        context = command.make_context("lookalike", [], resilient_parsing=True)
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_parser(command.context_class(command)).parse_args(args=list(words))


@pytest.mark.parametrize("words", [["ingest", "--nope"], ["sync", "x", "--within"], ["failed", "list", "--all"]])
def test_an_option_that_does_not_exist_would_be_found(words: list[str]) -> None:
    with pytest.raises(typer.TyperException):
        _parse(words)
