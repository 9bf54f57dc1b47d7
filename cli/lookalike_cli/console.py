"""Output of commands: results on stdout, everything else on stderr, with --json one JSON object as the last line."""

import sys
from typing import Any

import orjson
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

#: Columns of characters in a pipe or a file: no table is that wide, so none is folded.
UNFOLDED = 1_000_000


class Output(Console):
    """A console that folds tables only on a terminal, where they would not fit."""

    @property
    def options(self) -> ConsoleOptions:
        options = super().options
        return options if self.is_terminal else options.update_width(UNFOLDED)


#: Progress and notes.
remarks = Output(stderr=True, highlight=False, soft_wrap=True)
#: Results for people.
results = Output(highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value).decode() + "\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """Print a note on stderr. Markup is off, because file names may contain anything."""
    remarks.print(printable(text), markup=False)


def printable(text: str) -> str:
    """Replace control characters, which could rewrite a terminal, and lone surrogates."""
    cleaned = "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)
    return cleaned.encode("utf-8", "replace").decode()


def table(*columns: str, rows: list[tuple[Any, ...]]) -> Table:
    """Return a plain table; numbers are right-aligned. A terminal folds long cells, but never the id of a job."""
    built = Table(box=None, pad_edge=False, header_style="bold")
    for position, column in enumerate(columns):
        is_number = bool(rows) and isinstance(rows[0][position], int | float)
        built.add_column(column, justify="right" if is_number else "left", overflow="fold", no_wrap=column == "job")
    for row in rows:
        # A table reads markup in plain strings, and a file may be called a[/b].jpg.
        built.add_row(*(Text(printable(_text(cell))) for cell in row))
    return built


def _text(cell: Any) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)
