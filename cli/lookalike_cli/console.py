"""What a command says: results on stdout, everything else on stderr, one JSON object last where it is asked for."""

import sys
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

#: Progress and remarks.
remarks = Console(stderr=True, highlight=False, soft_wrap=True)
#: Results for people.
results = Console(highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value).decode() + "\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """One line on stderr; file names in it may hold anything, so it is not read as markup."""
    remarks.print(printable(text), markup=False)


def printable(text: str) -> str:
    """`text` without control characters, which could rewrite a terminal, and without lone surrogates."""
    kept = "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)
    return kept.encode("utf-8", "replace").decode()


def table(*columns: str, rows: list[tuple[Any, ...]]) -> Table:
    """A plain table; numbers are set to the right."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for position, column in enumerate(columns):
        is_number = bool(rows) and isinstance(rows[0][position], int | float)
        made.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        made.add_row(*(printable(_text(cell)) for cell in row))
    return made


def _text(cell: Any) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)
