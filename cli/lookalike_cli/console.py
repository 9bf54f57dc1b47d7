"""Output of commands: the result on stdout, everything else on stderr; with --json the result is one JSON object."""

import json
import sys
from typing import Any

import orjson
from rich.table import Table
from rich.text import Text

from lookalike.shown import visible
from lookalike.terminal import Output, writing

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


def table(*columns: str, rows: list[tuple[Any, ...]]) -> Table:
    """Return a plain table; numbers are right-aligned. A terminal folds long cells, but never the id of a job."""
    built = Table(box=None, pad_edge=False, header_style="bold")
    for position, column in enumerate(columns):
        is_number = bool(rows) and isinstance(rows[0][position], int | float)
        built.add_column(column, justify="right" if is_number else "left", overflow="fold", no_wrap=column == "job")
    for row in rows:
        # A table reads markup in plain strings, and a file may be called a[/b].jpg.
        built.add_row(*(Text(visible(_text(cell))) for cell in row))
    return built


def _text(cell: Any) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)
