"""Tables of JSON lines: an object on each line."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import orjson

from lookalike.records import Reason
from lookalike_producer.tables.broken import TableBroken
from lookalike_producer.tables.encodings import Lines, LineTooLong, encoding_of
from lookalike_producer.tables.files import GivenTable, TableFile
from lookalike_producer.tables.rows import BadRow, Column, Values

#: Rows from which the columns are known.
SAMPLE_ROWS = 1000
MOST_COLUMNS = 10_000
#: Keys that come later, of which messages name some.
MOST_LATER = 100

_ADVICE = "JSON lines have an object on each line: `jq -c '.[]' TABLE > TABLE.jsonl` makes them from a list."
_SUFFIX = "Give a table of another kind the name that fits it, such as .csv."


class JsonLinesTable:
    """Objects, whose keys are the columns; those of an object inside are `outer.inner`.

    Raises TableBroken, SourceUnavailable.
    """

    def __init__(self, file: TableFile) -> None:
        self._file = file
        sample = file.sample()
        self._encoding = encoding_of(sample)
        text = sample[self._encoding.skip :].decode(self._encoding.name, "replace")
        if text.lstrip().startswith("["):
            raise TableBroken(Reason.UNSUPPORTED, "has no JSON lines but a list", _ADVICE)
        found: dict[str, None] = {}
        first = self._first()
        for _, row in first:
            if isinstance(row, Mapping):
                found.update(dict.fromkeys(row))
        if first and not found:
            raise TableBroken(Reason.UNSUPPORTED, "has no JSON lines", _ADVICE if "{" in text[:100] else _SUFFIX)
        if not first:
            raise TableBroken(Reason.EMPTY, "is empty", _ADVICE)
        self.columns = tuple(Column(name) for name in islice(found, MOST_COLUMNS))
        #: Whether later rows may have other keys.
        self.may_have_more = len(first) == SAMPLE_ROWS or len(found) > MOST_COLUMNS
        #: Some of the keys that come behind the first rows only, and are no columns; known when all rows were read.
        self.later: dict[str, int] = {}
        #: Expected columns that no row has; known when all rows were read.
        self.unseen: set[str] = set()
        self.description = f"JSON lines, {self._encoding.name}"

    def expect(self, names: Collection[str]) -> None:
        """Have columns of these names, whenever the first row comes that has them."""
        known = {column.name for column in self.columns}
        self.unseen |= set(names) - known
        self.columns += tuple(Column(name) for name in names if name not in known)

    def _first(self) -> list[tuple[int, Mapping[str, Any] | BadRow]]:
        """The first rows. Raises TableBroken if none comes before a damage."""
        first: list[tuple[int, Mapping[str, Any] | BadRow]] = []
        try:
            first.extend(islice(self._objects(), SAMPLE_ROWS))
        except TableBroken:
            if not first:
                raise
        return first

    def rows(self, wanted: Sequence[int]) -> Iterator[tuple[int, Values]]:
        names = [self.columns[number].name for number in wanted]
        known = {column.name for column in self.columns}
        for number, row in self._objects():
            if isinstance(row, BadRow):
                yield number, row
            else:
                if self.unseen:
                    self.unseen -= row.keys()
                if not row.keys() <= known and len(self.later) < MOST_LATER:
                    self.later |= {key: number for key in row if key not in known and key not in self.later}
                get = row.get
                yield number, [get(name) for name in names]

    def _objects(self) -> Iterator[tuple[int, Mapping[str, Any] | BadRow]]:
        # Of an object, a text says why there is no row.
        is_given = isinstance(self._file, GivenTable)
        with self._file.opened_text() as file:
            lines = Lines(file, self._encoding)
            number = 0
            while True:
                try:
                    for line in lines:
                        if line.isspace():
                            continue
                        number += 1
                        yield number, _parsed(line, lines.number, is_given=is_given)
                    return
                except LineTooLong:
                    number += 1
                    yield number, BadRow(f"line {lines.number:,} is too long")


def _parsed(line: str, number: int, *, is_given: bool) -> Mapping[str, Any] | BadRow:
    try:
        row = orjson.loads(line)
    except ValueError:
        # Python's own parser takes what others write: NaN, and halves of surrogate pairs.
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return BadRow(f"line {number:,} is no JSON")
    if not isinstance(row, dict):
        return BadRow(row) if is_given else BadRow(f"line {number:,} is no JSON object")
    for value in row.values():
        if type(value) is dict:
            return dict(_flat(row, ""))
    return row


def _flat(row: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
