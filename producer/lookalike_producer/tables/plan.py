"""Which columns of a table hold uris, labels, keys and metadata."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lookalike.errors import BadSetting
from lookalike.metadata import Fields, FieldType, Kind, check_fields
from lookalike_producer.tables.column_names import listed, named_column
from lookalike_producer.tables.label_column import label_column
from lookalike_producer.tables.metadata_columns import metadata_columns
from lookalike_producer.tables.options import ID_FIELD, TableOptions
from lookalike_producer.tables.rows import Column, Samples
from lookalike_producer.tables.uri_column import uri_column


@dataclass(frozen=True)
class Plan:
    """The columns that are taken, by name. `fields` are those of metadata, by column: the field and its type.

    `notes` are sentences about what was decided, and `left_out` the columns that are not taken.
    """

    uri: str
    label: str | None = None
    id: str | None = None
    fields: Mapping[str, tuple[str, FieldType]] = field(default_factory=dict)
    #: Fields whose type was read off the first rows.
    guessed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def declared(self) -> Fields:
        """The metadata fields, as an index declares them."""
        return dict(self.fields.values())


def planned(
    name: str,
    columns: Sequence[Column],
    samples: Samples,
    options: TableOptions,
    *,
    is_described: bool = False,
    names_files: Callable[[str], bool] = lambda column: False,
    repeated: Collection[str] = (),
) -> Plan:
    """The columns to take of the table called `name`.

    `names_files` says whether the values of a column are names of files that exist, `repeated` are names that several
    columns have. Raises SourceMissing for a table that names no images, and BadSetting for columns that it does not
    have.
    """
    uri, notes = uri_column(name, columns, options, names_files)
    label = label_column(name, columns, samples, options, uri)
    id = named_column(columns, options.id_column, "id", name)
    taken = {uri, label, id}
    fields, guessed, others = metadata_columns(name, columns, samples, options, taken, is_described)
    if id is not None:
        fields = {id: (ID_FIELD, FieldType(Kind.KEYWORD)), **{c: f for c, f in fields.items() if f[0] != ID_FIELD}}
    check_fields(dict(fields.values()))
    notes += [
        *_repeated(name, [column for column in repeated if column in {*taken, *fields}]),
        *_notes(name, fields, others, options),
    ]
    return Plan(uri, label, id, fields, guessed, tuple(notes), tuple(others))


def joined_fields(plans: Iterable[Plan]) -> Fields:
    """The metadata fields of several tables. Raises BadSetting for a field with two types."""
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


def _repeated(name: str, names: Collection[str]) -> list[str]:
    """A sentence for columns of the same name, of which the first one is taken."""
    return [f"{name} has several columns called {listed(sorted(names))}; the first one is taken."] if names else []


def _notes(name: str, fields: Mapping[str, Any], others: Sequence[str], options: TableOptions) -> list[str]:
    if not others or fields or options.metadata is not None:
        return []
    columns = "The column" if len(others) == 1 else "The columns"
    verb = "is" if len(others) == 1 else "are"
    return [f"{columns} {listed(others)} of {name} {verb} not taken; --metadata all takes what can be metadata."]
