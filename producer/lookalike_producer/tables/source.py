"""The tables among sources: the columns that are taken, and the references that their rows give."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from threading import Event

from lookalike.errors import SourceUnavailable
from lookalike.metadata import Fields
from lookalike.records import ImageRef
from lookalike_producer.refused import RefusedReference, UnlistedTable
from lookalike_producer.tables.bases import Bases
from lookalike_producer.tables.broken import TableBroken
from lookalike_producer.tables.column_names import has_column
from lookalike_producer.tables.files import TableFile
from lookalike_producer.tables.json_lines import JsonLinesTable
from lookalike_producer.tables.kept_files import KeptFiles
from lookalike_producer.tables.locating import are_there, located
from lookalike_producer.tables.notes import late_columns, repeated_rows, unseen_column
from lookalike_producer.tables.opening import open_table
from lookalike_producer.tables.options import TableOptions
from lookalike_producer.tables.plan import Plan, joined_fields, planned
from lookalike_producer.tables.references import RowReader
from lookalike_producer.tables.repeats import LastRows, Repeats
from lookalike_producer.tables.rows import Column
from lookalike_producer.tables.sample import Sample, first_values, sample_of
from lookalike_producer.tables.sets import TableSet


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
        self._kept = KeptFiles()
        self._within = {path: some.within for some in sets for path in some.paths}
        self.samples = [sample_of(some, self._kept) for some in sets]
        self._bases = Bases(options.base)
        self._plans = [(some, self._plan(some, sample)) for some, sample in zip(sets, self.samples, strict=True)]
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
        return joined_fields(self.plans) if self._plans else self.options.declared

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
                self.notes.append(repeated_rows(last))
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
        for (some, plan), sample in zip(self._plans, self.samples, strict=True):
            types = {
                column: (name, held[name])
                for column, (name, _) in plan.fields.items()
                if name in plan.guessed and name in held and sample.fits(column, held[name])
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
                    self.notes.append(late_columns(file.uri, reader.later))
                unseen[id(plan)] = unseen.get(id(plan), reader.unseen) & reader.unseen
        self.notes += [
            unseen_column(some.name, column)
            for some, plan in self._plans
            for column in sorted(unseen.get(id(plan), ()))
        ]
        self._counted.set()
        return repeats

    def _plan(self, some: TableSet, sample: Sample) -> Plan:
        base = self._bases.of(sample.folder)

        def names_files(column: str) -> bool:
            values = sample.values.get(column, ())
            return are_there(located(base, values), values)

        plan = planned(
            some.name,
            [*sample.columns.values(), *self._expected(sample)],
            sample.values,
            self.options,
            is_described=some.is_described,
            repeated=sample.repeated,
            names_files=names_files,
        )
        self._bases.check(some.name, base, sample.values.get(plan.uri, []))
        return plan

    def _expected(self, sample: Sample) -> list[Column]:
        """Columns that a person names and that no row has yet."""
        wanted = (self.options.label_column, self.options.id_column, *(self.options.named or ()))
        return [Column(name) for name in wanted if name and not has_column(sample.columns, name)] * sample.may_have_more

    def _files(self) -> Iterator[tuple[TableFile, Plan]]:
        for some, plan in self._plans:
            for path in some.paths:
                yield self._kept.file(path), plan

    def _reader(self, file: TableFile, plan: Plan) -> RowReader:
        table = open_table(file)
        if isinstance(table, JsonLinesTable):
            table.expect([name for name in (plan.label, *plan.fields) if name is not None])
        within = self._within.get(file.path, "")
        addresses = self._bases.addresses(file.folder, within, lambda: first_values(table, plan.uri))
        return RowReader(table, plan, addresses, file.uri)

    def _rows(self, file: TableFile, plan: Plan) -> Iterator[ImageRef]:
        """The rows of one table that are not excluded; one reference for a table that cannot be read."""
        excludes, base = self._excludes, f"{self._bases.of(file.folder)}/"
        try:
            for ref in self._reader(file, plan).references():
                if excludes is None or not excludes(ref.uri.removeprefix(base).lstrip("/")):
                    yield ref
        except TableBroken as error:
            yield UnlistedTable(file.uri, reason=error.reason, detail=f"the table {error.why}")


#: Of sources without tables.
NO_TABLES = TableSource((), TableOptions())
