"""The first rows of tables, from which columns and types are inferred."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from lookalike.errors import SourceMissing
from lookalike.metadata import FieldType, Kind, coerced
from lookalike_producer.tables.broken import TableBroken
from lookalike_producer.tables.files import TableFile
from lookalike_producer.tables.json_lines import JsonLinesTable
from lookalike_producer.tables.kept_files import KeptFiles
from lookalike_producer.tables.opening import open_table
from lookalike_producer.tables.rows import BadRow, Column, Table
from lookalike_producer.tables.sets import TableSet

#: Rows from which types are inferred.
SAMPLE_ROWS = 1000
#: Characters of these rows; fewer rows are enough if they are long.
SAMPLE_CHARS = 4 * 1024 * 1024
#: Tables of a folder or glob whose columns are looked at before work starts.
SAMPLE_TABLES = 20


@dataclass
class Sample:
    """The first tables of a set, and what their first rows hold: `values` by column."""

    tables: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    values: dict[str, list[Any]] = field(default_factory=dict)
    descriptions: list[str] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)
    folder: str = ""
    #: Whether rows behind the first ones may have further columns.
    may_have_more: bool = False

    def add(self, file: TableFile, table: Table) -> None:
        if not self.tables:
            self.folder = file.folder
        self.tables += 1
        self.descriptions.append(table.description)
        self.may_have_more |= isinstance(table, JsonLinesTable) and table.may_have_more
        # Of columns with the same name, the first one is taken.
        first = {column.name: number for number, column in reversed(list(enumerate(table.columns)))}
        self.repeated |= {column.name for number, column in enumerate(table.columns) if first[column.name] != number}
        for name, number in sorted(first.items(), key=lambda item: item[1]):
            former, column = self.columns.get(name), table.columns[number]
            self.columns[name] = column if former is None else _merged(former, column)
        self._add_values(table, sorted(number for number in first.values() if not table.columns[number].refusal))

    def _add_values(self, table: Table, wanted: Sequence[int]) -> None:
        left = SAMPLE_CHARS
        for _, values in islice(table.rows(wanted), SAMPLE_ROWS):
            if not isinstance(values, BadRow):
                for number, given in zip(wanted, values, strict=True):
                    value = None if isinstance(given, BadRow) else given
                    self.values.setdefault(table.columns[number].name, []).append(value)
                    left -= len(value) if isinstance(value, str) else 1
            if left < 0:
                break

    def fits(self, column: str, type: FieldType) -> bool:
        """Whether at least half of the values that are there fit the type."""
        fit = bad = 0
        for value in self.values.get(column, ()):
            try:
                fit += coerced(value, type) is not None
            except ValueError:
                bad += 1
        return fit >= bad


def sample_of(some: TableSet, files: KeptFiles) -> Sample:
    """Raises SourceMissing if none of the tables can be read."""
    sample = Sample()
    broken: TableBroken | None = None
    for path in some.paths:
        file = files.file(path)
        try:
            sample.add(file, open_table(file))
        except TableBroken as error:
            # Without a table that tells the columns, nothing can be rejected row by row.
            broken = broken or error
        if sample.tables == SAMPLE_TABLES:
            break
    if broken is not None and not sample.columns:
        raise SourceMissing(f"{some.name} {broken.why}.", *filter(None, [broken.advice])) from broken
    return sample


def first_values(table: Table, column: str) -> list[Any]:
    """The first values of a column, as far as they can be read; none if the table lacks it."""
    number = next((number for number, one in enumerate(table.columns) if one.name == column), None)
    first: list[Any] = []
    if number is None:
        return first
    # What is wrong is said with the rows.
    with suppress(TableBroken):
        for _, values in islice(table.rows([number]), SAMPLE_ROWS):
            if not isinstance(values, BadRow):
                first.append(values[0])
    return first


def _merged(former: Column, column: Column) -> Column:
    """One column of two tables; numbers together are numbers, and other types together are keywords."""
    if former.type == column.type or former.refusal:
        return former
    if column.refusal:
        return column
    kinds = {type.kind for type in (former.type, column.type) if type}
    kind = Kind.FLOAT if kinds == {Kind.INTEGER, Kind.FLOAT} else Kind.KEYWORD
    return replace(former, type=FieldType(kind) if former.type and column.type else None)
