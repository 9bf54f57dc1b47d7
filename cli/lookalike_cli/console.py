"""Output of commands: the result on stdout, everything else on stderr; with --json the result is one JSON object."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.text import Text

from lookalike.shown import visible
from lookalike.terminal import Output, writing

#: Between two columns.
GAP = "  "
#: Columns of characters that the last column needs at least: what is longer goes on at the beginning of the next line.
LEAST_OF_LAST = 12

#: Progress and notes.
remarks = Output(stderr=True)
#: Results for people.
results = Output()


def for_people(*, json: bool) -> Output:
    """Where a command that also prints JSON shows its result to people: stdout is for the JSON alone."""
    return remarks if json else results


def print_json(value: Any) -> None:
    """Print the result of a command as one line of JSON, in UTF-8 on every terminal."""
    print_bytes(_json(value) + b"\n")


def print_bytes(result: bytes) -> None:
    """Print the result of a command as it is, for another program."""
    with writing():
        sys.stdout.flush()
        sys.stdout.buffer.write(result)
        sys.stdout.buffer.flush()


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # An argument that is not valid UTF-8, such as a path, has lone surrogates; orjson writes none.
        return json.dumps(value).encode()


def remark(text: str) -> None:
    """Print a note on stderr, on one line."""
    remarks.say(text)


class Rows:
    """A table whose cells are never folded: the last one may be a path, which the terminal continues on its next line.

    If the other columns do not fit beside each other, each row is a paragraph, with the name of its column before each
    cell.
    """

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Text]], numbers: frozenset[int]) -> None:
        self._columns = columns
        self._rows = rows
        self._numbers = numbers

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        widths = [
            max(cell_len(name), *(row[place].cell_len for row in self._rows), 0)
            for place, name in enumerate(self._columns)
        ]
        last = min(widths[-1], LEAST_OF_LAST)
        if sum(widths[:-1]) + len(GAP) * (len(widths) - 1) + last <= options.max_width:
            yield self._line([Text(name) for name in self._columns], widths, "bold")
            yield from (self._line(row, widths) for row in self._rows)
        else:
            yield from self._paragraphs()

    def _line(self, cells: Sequence[Text], widths: list[int], style: str = "") -> Text:
        line = Text(style=style)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            space = " " * (width - cell.cell_len)
            parts = (space, cell) if place in self._numbers else (cell, space)
            line.append_text(Text.assemble(GAP if place else "", *parts))
        line.rstrip()
        return line

    def _paragraphs(self) -> Iterator[Text]:
        for number, row in enumerate(self._rows):
            if number:
                yield Text()
            for name, cell in zip(self._columns, row, strict=True):
                yield Text.assemble((f"{name}: " if name else "", "bold"), cell)


def table(*columns: str, rows: list[tuple[Any, ...]]) -> Rows:
    """Return a plain table; numbers are right-aligned."""
    numbers = frozenset(place for place, cell in enumerate(rows[0]) if isinstance(cell, int | float)) if rows else ()
    # A path may hold what looks like markup, as in a[/b].jpg, which a Text does not read.
    return Rows(columns, [[Text(visible(_text(cell))) for cell in row] for row in rows], frozenset(numbers))


def _text(cell: Any) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)
