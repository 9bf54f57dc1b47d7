"""Tables of text whose lines have separators: CSV, TSV and what programs make of them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from operator import itemgetter
from typing import Any

from lookalike.records import Reason
from lookalike_producer.tables.broken import TableBroken
from lookalike_producer.tables.encodings import Encoding, Lines, LineTooLong, encoding_of
from lookalike_producer.tables.files import SAMPLE_BYTES, TableFile
from lookalike_producer.tables.rows import BadRow, Column, Values

#: Characters of one field; a quote that is never closed ends there.
LONGEST_FIELD = 128 * 1024
#: Rows from which the separator is recognized.
SAMPLE_ROWS = 20
MOST_COLUMNS = 10_000

_SEPARATORS = ",;\t|"
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
#: What Excel writes, and reads, before the header.
_DIRECTIVE = re.compile(r"sep=(.)\r?\n")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


class DelimitedTable:
    """A table whose first line names the columns. Raises TableBroken, SourceUnavailable."""

    def __init__(self, file: TableFile) -> None:
        self._file = file
        sample = file.sample()
        self._encoding = encoding_of(sample)
        text = _text(sample, self._encoding)
        directive = _DIRECTIVE.match(text)
        #: Lines before the header.
        self._before = 1 if directive else 0
        text = text[directive.end() :] if directive else text
        self._separator = directive[1] if directive else _separator(text)
        header = _header(text, self._separator)
        self.columns = tuple(Column(name) for name in header)
        self.description = f"csv, {self._encoding.name}, separated by {_NAMES.get(self._separator, self._separator)}"

    def rows(self, wanted: Sequence[int]) -> Iterator[tuple[int, Values]]:
        take = _taking(wanted)
        width = len(self.columns)
        csv.field_size_limit(LONGEST_FIELD)
        with self._file.opened_text() as file:
            lines = Lines(file, self._encoding)
            for _ in range(self._before):
                next(lines, None)
            next(csv.reader(lines, delimiter=self._separator), None)
            number = 0
            while True:
                lines.begin_row()
                try:
                    for row in csv.reader(lines, delimiter=self._separator):
                        if len(lines.of_row) > 1 and _is_open(lines):
                            raise csv.Error
                        lines.begin_row()
                        if not row:
                            continue
                        number += 1
                        if len(row) == width:
                            yield number, take(row)
                        else:
                            yield number, _ragged(row, width, take, lines.number)
                    return
                except csv.Error:
                    number += 1
                    why = _why_bad(lines)
                    # A quote that is never closed takes what follows into its field: the next line begins a row.
                    lines.read_again()
                    yield number, BadRow(f"{why}, in line {lines.number:,}")
                except LineTooLong:
                    number += 1
                    yield number, BadRow(f"the line is too long{_where(lines.number)}")


def _is_open(lines: Lines) -> bool:
    """Whether the text has ended in a field in quotes."""
    return lines.is_over and sum(line.count('"') for line in lines.of_row) % 2 == 1


def _why_bad(lines: Lines) -> str:
    if len(lines.of_row) > 1:
        return f"a quote is not closed, or a field has more than {LONGEST_FIELD:,} characters"
    return f"a field has more than {LONGEST_FIELD:,} characters"


def _taking(wanted: Sequence[int]) -> Any:
    """A function that takes the wanted fields of a row, as a tuple."""
    if len(wanted) == 1:
        [only] = wanted
        return lambda row: (row[only],)
    return itemgetter(*wanted) if wanted else lambda row: ()


def _ragged(row: list[str], width: int, take: Any, line: int) -> Values:
    """The values of a row that is shorter, or longer only by empty fields; otherwise nobody knows which is which."""
    if any(row[width:]):
        return BadRow(f"{len(row)} fields, but the header has {width}{_where(line)}")
    values: Sequence[str] = take(row + [""] * (width - len(row)))
    return values


def _where(line: int) -> str:
    return f", which ends in line {line:,}"


def _text(sample: bytes, encoding: Encoding) -> str:
    return sample[encoding.skip :].decode(encoding.name, "replace")


def _separator(text: str) -> str:
    """The separator that gives the most columns, and the same number in most of the first rows."""
    if not text.strip():
        raise TableBroken(Reason.EMPTY, "is empty", "The first row names the columns.")
    return max(_SEPARATORS, key=lambda separator: _fitness(text, separator))


def _fitness(text: str, separator: str) -> tuple[float, int]:
    widths = [len(row) for row in _parsed(text, separator) if row]
    if not widths or widths[0] < 2:
        return 0.0, 0
    return Counter(widths)[widths[0]] / len(widths), widths[0]


def _parsed(text: str, separator: str) -> list[list[str]]:
    """The first rows, without one that the sample cuts off."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), SAMPLE_ROWS + 1))
    return rows[:-1] if len(rows) > 1 and len(text) >= SAMPLE_BYTES // 4 else rows


def _header(text: str, separator: str) -> list[str]:
    rows = _parsed(text, separator)
    if not rows:
        raise TableBroken(Reason.UNSUPPORTED, "is no table: its first line is too long")
    header, *others = rows
    if found := _CONTROL.search("".join(header)):
        what = "null bytes" if found[0] == "\0" else "control characters"
        raise TableBroken(Reason.UNSUPPORTED, f"is no table of text: it has {what}")
    if len(header) > MOST_COLUMNS:
        raise TableBroken(Reason.UNSUPPORTED, f"is no table: it has more than {MOST_COLUMNS:,} columns")
    # R gives the numbers of rows no name.
    if others and all(len(row) == len(header) + 1 for row in others if row):
        header = ["", *header]
    # Programs that append files to one another leave marks of encodings in the text.
    return [name.strip().strip("\ufeff").strip().strip('"') for name in header]
