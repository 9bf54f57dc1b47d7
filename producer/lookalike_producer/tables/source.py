"""The tables among sources: the columns that are taken, and the references that their rows give."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from threading import Event
from typing import Any

from lookalike.errors import BadSetting, SourceMissing, SourceUnavailable
from lookalike.metadata import Fields, FieldType, Kind, check_fields, coerced
from lookalike.plural import counted
from lookalike.records import ImageRef
from lookalike.shown import shown
from lookalike.storage import local_path
from lookalike.uris import is_remote
from lookalike_producer.archives.chosen import Chosen
from lookalike_producer.named import existing
from lookalike_producer.refused import RefusedReference, UnlistedTable
from lookalike_producer.tables.addresses import Addresses, Where
from lookalike_producer.tables.broken import TableBroken
from lookalike_producer.tables.columns import Plan, has_column, planned
from lookalike_producer.tables.files import TableFile, table_file
from lookalike_producer.tables.json_lines import JsonLinesTable
from lookalike_producer.tables.locating import are_there, located
from lookalike_producer.tables.opening import open_table
from lookalike_producer.tables.options import TableOptions
from lookalike_producer.tables.references import RowReader
from lookalike_producer.tables.repeats import LastRows, Repeats
from lookalike_producer.tables.rows import BadRow, Column, Table
from lookalike_producer.tables.sets import TableSet

#: Rows from which types are inferred.
SAMPLE_ROWS = 1000
#: Characters of these rows; fewer rows are enough if they are long.
SAMPLE_CHARS = 4 * 1024 * 1024
#: Tables of a folder or glob whose columns are looked at before work starts.
SAMPLE_TABLES = 20
#: Tables of web hosts whose copies stay on the disk between two readings.
KEPT_FILES = 4


@dataclass
class Opened:
    """The first tables of a set, and what their first rows hold."""

    files: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    samples: dict[str, list[Any]] = field(default_factory=dict)
    descriptions: list[str] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)
    folder: str = ""
    #: Whether rows behind the first ones may have further columns.
    may_have_more: bool = False

    def add(self, file: TableFile, table: Table) -> None:
        if not self.files:
            self.folder = file.folder
        self.files += 1
        self.descriptions.append(table.description)
        self.may_have_more |= isinstance(table, JsonLinesTable) and table.may_have_more
        # Of columns with the same name, the first one is taken.
        first = {column.name: number for number, column in reversed(list(enumerate(table.columns)))}
        self.repeated |= {column.name for number, column in enumerate(table.columns) if first[column.name] != number}
        for name, number in sorted(first.items(), key=lambda item: item[1]):
            former, column = self.columns.get(name), table.columns[number]
            self.columns[name] = column if former is None else _merged(former, column)
        wanted = sorted(number for number in first.values() if not table.columns[number].refusal)
        left = SAMPLE_CHARS
        for _, values in islice(table.rows(wanted), SAMPLE_ROWS):
            if not isinstance(values, BadRow):
                for number, given in zip(wanted, values, strict=True):
                    value = None if isinstance(given, BadRow) else given
                    self.samples.setdefault(table.columns[number].name, []).append(value)
                    left -= len(value) if isinstance(value, str) else 1
            if left < 0:
                break


def _merged(former: Column, column: Column) -> Column:
    """One column of two tables; numbers together are numbers, and other types together are keywords."""
    if former.type == column.type or former.refusal:
        return former
    if column.refusal:
        return column
    kinds = {type.kind for type in (former.type, column.type) if type}
    kind = Kind.FLOAT if kinds == {Kind.INTEGER, Kind.FLOAT} else Kind.KEYWORD
    return replace(former, type=FieldType(kind) if former.type and column.type else None)


class TableSource:
    """The tables of some sources. `excludes` says whether a path below the folder of a table is left out.

    Raises SourceMissing, BadSetting, SourceUnavailable, MissingExtra.
    """

    def __init__(
        self, sets: Sequence[TableSet], options: TableOptions, excludes: Callable[[str], bool] | None = None
    ) -> None:
        options.check()
        self.options = options
        self._excludes = excludes
        self._where: dict[str, tuple[Where, ...]] = {}
        self._kept = _KeptFiles()
        self._within = {path: some.within for some in sets for path in some.paths}
        self.opened = [_opened(some, self._kept) for some in sets]
        self._base = None if options.base is None else _base(options.base)
        self._plans = [(some, self._plan(some, opened)) for some, opened in zip(sets, self.opened, strict=True)]
        self._count = 0
        self._counted = Event()
        #: Whether each row of the tables was read, and names an image; false until all were.
        self.is_complete = not sets
        if not sets:
            self._counted.set()
        #: The metadata fields of all tables.
        self.fields: Fields = self._declared()
        #: Sentences about what was decided, and at the end about rows that repeat an image.
        self.notes = [note for _, plan in self._plans for note in plan.notes]

    @property
    def names(self) -> list[str]:
        """How messages call the tables of each source."""
        return [some.name for some, _ in self._plans]

    @property
    def plans(self) -> list[Plan]:
        return [plan for _, plan in self._plans]

    def _declared(self) -> Fields:
        """The fields of all tables; without a table those that a person declared, for the sidecars of archives."""
        return _together(self.plans) if self._plans else Chosen(self.options).declared()

    def references(self) -> Iterator[ImageRef]:
        """The images of all rows, each once: of several rows with the same uri, the last one counts.

        A row that names no image is a RefusedReference, a table that cannot be read on an UnlistedTable. Raises
        DiskFull; SourceUnavailable behind all other tables, if the place of one is away.
        """
        self.is_complete = False
        has_refused = False
        repeats = self._repeats()
        with closing(LastRows()) as last:
            away: list[SourceUnavailable] = []
            for ref in self._all_rows(away):
                has_refused = has_refused or isinstance(ref, RefusedReference)
                if isinstance(ref, RefusedReference) or ref.uri not in repeats:
                    yield ref
                else:
                    last.put(ref)
            yield from last.references()
            if last.replaced:
                self.notes.append(_repetition(last))
            self.is_complete = not has_refused
            if away:
                raise away[0]

    def rows(self) -> Iterator[ImageRef]:
        """One reference for each row, in their order, also of images that come again. Raises SourceUnavailable as
        `references` does."""
        away: list[SourceUnavailable] = []
        yield from self._all_rows(away)
        if away:
            raise away[0]

    def _all_rows(self, away: list[SourceUnavailable]) -> Iterator[ImageRef]:
        """The rows of all tables; where a place is away, one record for its table, and the error in `away`."""
        for file, plan in self._files():
            try:
                yield from self._rows(file, plan)
            except SourceUnavailable as error:
                away.append(error)
                yield UnlistedTable(file.uri, reason=file.away, detail=f"the table breaks off: {error.why}")

    def fit(self, held: Fields) -> None:
        """Take the types that an index holds already for fields whose type nobody gave, if most of the first rows fit
        them: the others are rejected."""
        fitted = []
        for (some, plan), opened in zip(self._plans, self.opened, strict=True):
            types = {
                column: (name, held[name])
                for column, (name, _) in plan.fields.items()
                if name in plan.guessed and name in held and _fits(opened.samples.get(column, ()), held[name])
            }
            fitted.append((some, replace(plan, fields={**plan.fields, **types})))
        self._plans = fitted
        self.fields = self._declared()

    def count(self) -> int:
        """The number of references; waits until all rows have been seen once."""
        self._counted.wait()
        return self._count

    def _repeats(self) -> Repeats:
        """The uris that several rows have."""
        repeats = Repeats()
        self._count = 0
        unseen: dict[int, frozenset[str]] = {}
        for file, plan in self._files():
            # What is wrong is said with the rows.
            with suppress(TableBroken, SourceUnavailable):
                reader = self._reader(file, plan)
                for uri in reader.uris():
                    self._count += uri is None or repeats.add(uri)
                if reader.later and plan.fields and self.options.named is None:
                    self.notes.append(_late(file.uri, reader.later))
                unseen[id(plan)] = unseen.get(id(plan), reader.unseen) & reader.unseen
        self.notes += [
            f"No row of {some.name} has the column {shown(name, 80)}."
            for some, plan in self._plans
            for name in sorted(unseen.get(id(plan), ()))
        ]
        self._counted.set()
        return repeats

    def _plan(self, some: TableSet, opened: Opened) -> Plan:
        base = self._base or opened.folder

        def names_files(column: str) -> bool:
            values = opened.samples.get(column, ())
            return are_there(located(base, values), values)

        plan = planned(
            some.name,
            [*opened.columns.values(), *self._expected(opened)],
            opened.samples,
            self.options,
            is_described=some.is_described,
            repeated=opened.repeated,
            names_files=names_files,
        )
        self._check_base(some, base, opened.samples.get(plan.uri, []))
        return plan

    def _expected(self, opened: Opened) -> list[Column]:
        """Columns that a person names and that no row has yet."""
        wanted = (self.options.label_column, self.options.id_column, *(self.options.named or ()))
        return [Column(name) for name in wanted if name and not has_column(opened.columns, name)] * opened.may_have_more

    def _check_base(self, some: TableSet, base: str, values: Sequence[Any]) -> None:
        """Raises SourceMissing for relative paths that start at the working folder."""
        here = (Where(os.getcwd()),)
        if self._base is None and not is_remote(base) and are_there(here, values):
            where = self._where[base] = located(base, values)
            if not are_there(where, values):
                raise SourceMissing(
                    f"The paths in {some.name} do not start at its folder, but at the working folder.",
                    "Say so with --base . (base='.').",
                )

    def _files(self) -> Iterator[tuple[TableFile, Plan]]:
        for some, plan in self._plans:
            for path in some.paths:
                yield self._kept.file(path), plan

    def _reader(self, file: TableFile, plan: Plan) -> RowReader:
        table = open_table(file)
        if isinstance(table, JsonLinesTable):
            table.expect([name for name in (plan.label, *plan.fields) if name is not None])
        base = self._base or file.folder
        if base not in self._where:
            number = next((number for number, column in enumerate(table.columns) if column.name == plan.uri), None)
            first = [] if number is None else _first_values(table, number)
            self._where[base] = located(base, first)
        within = "" if self._base else self._within.get(file.path, "")
        return RowReader(table, plan, Addresses(base, self._where[base], within), file.uri)

    def _rows(self, file: TableFile, plan: Plan) -> Iterator[ImageRef]:
        """The rows of one table that are not excluded; one reference for a table that cannot be read."""
        excludes, base = self._excludes, f"{self._base or file.folder}/"
        try:
            for ref in self._reader(file, plan).references():
                if excludes is None or not excludes(ref.uri.removeprefix(base).lstrip("/")):
                    yield ref
        except TableBroken as error:
            yield UnlistedTable(file.uri, reason=error.reason, detail=f"the table {error.why}")


class _KeptFiles:
    """The files of tables; of the last few, what had to be copied to be read."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, TableFile] = OrderedDict()

    def file(self, path: str) -> TableFile:
        if path not in self._last:
            self._last[path] = table_file(path)
        self._last.move_to_end(path)
        while len(self._last) > KEPT_FILES:
            self._last.popitem(last=False)
        return self._last[path]


def _opened(some: TableSet, files: _KeptFiles) -> Opened:
    """Raises SourceMissing if none of the tables can be read."""
    opened = Opened()
    broken: TableBroken | None = None
    for path in some.paths:
        file = files.file(path)
        try:
            opened.add(file, open_table(file))
        except TableBroken as error:
            # Without a table that tells the columns, nothing can be rejected row by row.
            broken = broken or error
        if opened.files == SAMPLE_TABLES:
            break
    if broken is not None and not opened.columns:
        raise SourceMissing(f"{some.name} {broken.why}.", *filter(None, [broken.advice])) from broken
    return opened


def _first_values(table: Table, number: int) -> list[Any]:
    """The first values of a column, as far as they can be read."""
    first: list[Any] = []
    # What is wrong is said with the rows.
    with suppress(TableBroken):
        for _, values in islice(table.rows([number]), SAMPLE_ROWS):
            if not isinstance(values, BadRow):
                first.append(values[0])
    return first


def _fits(values: Sequence[Any], type: FieldType) -> bool:
    """Whether at least half of the values that are there fit the type."""
    fit = bad = 0
    for value in values:
        try:
            fit += coerced(value, type) is not None
        except ValueError:
            bad += 1
    return fit >= bad


def _base(text: str) -> str:
    """The folder or address that relative uris start at. Raises BadSetting."""
    if is_remote(text):
        return text.rstrip("/")
    path = existing(text, os.getcwd())
    if path is None or not os.path.isdir(path):
        raise BadSetting(f"There is no folder {shown(text)} for relative paths.", "Give --base an existing folder.")
    return local_path(path).rstrip("/") or "/"


def _together(plans: Sequence[Plan]) -> Fields:
    """The fields of several tables. Raises BadSetting for a field with two types."""
    fields: dict[str, FieldType] = {}
    for plan in plans:
        for name, type in plan.declared.items():
            if fields.setdefault(name, type) != type:
                raise BadSetting(
                    f"The metadata field {name} is {fields[name]} in one table and {type} in another.",
                    f"Give its type, such as --metadata {name}:text.",
                )
    check_fields(fields)
    return fields


def _late(table: str, later: Mapping[str, int]) -> str:
    """Of columns that no row had when the columns were chosen."""
    column, row = next(iter(later.items()))
    more = f" and {len(later) - 1} more" if len(later) > 1 else ""
    return (
        f"{shown(column, 80)}{more} of {table} is no metadata: it first comes in row {row:,}. "
        f"Columns are those of the first {SAMPLE_ROWS:,} rows."
    )


def _repetition(last: LastRows) -> str:
    rows = counted(last.replaced, "row repeats the image", "rows repeat the images")
    different = f" ({last.changed:,} with another label or other metadata)" if last.changed else ""
    return f"{rows} of an earlier row{different}: the last row counts."


#: Of sources without tables.
NO_TABLES = TableSource((), TableOptions())
