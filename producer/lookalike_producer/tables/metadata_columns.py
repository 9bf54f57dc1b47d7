"""The columns of a table that are taken as metadata."""

from collections.abc import Sequence, Set

from lookalike.errors import BadSetting
from lookalike.metadata import FieldType, Kind, field_name
from lookalike_producer.tables.column_names import named_column
from lookalike_producer.tables.inference import inferred, text_kind
from lookalike_producer.tables.options import TableOptions
from lookalike_producer.tables.rows import Column, Samples

#: Columns that only number the rows, as pandas writes them.
NUMBERS = frozenset({"", "unnamed: 0", "__index_level_0__"})


def metadata_columns(
    name: str,
    columns: Sequence[Column],
    samples: Samples,
    options: TableOptions,
    taken: set[str | None],
    is_described: bool,
) -> tuple[dict[str, tuple[str, FieldType]], frozenset[str], list[str]]:
    """The fields by column, the fields whose type is a guess, and the columns that are not taken."""
    fields: dict[str, tuple[str, FieldType]] = {}
    guessed: set[str] = set()
    names: set[str] = set()
    named = options.named
    if named is not None:
        for wanted, type in named.items():
            column = _column(columns, named_column(columns, wanted, "metadata", name))
            if type is None:
                type = _type(column, samples)
                guessed.add(column.name)
            if type is None:
                why = column.refusal or "holds structures"
                raise BadSetting(f"The column {column.name} of {name} {why}, which is no metadata.", "Name others.")
            fields[column.name] = (field_name(column.name), type)
    elif options.takes_all(is_described=is_described):
        for column in columns:
            is_number = column.name.strip().lower() in NUMBERS
            is_taken = column.name in taken or column.name in fields
            type = None if is_taken or is_number else _type(column, samples)
            if type is not None:
                fields[column.name] = (_free(field_name(column.name), names), type)
                names.add(fields[column.name][0])
                guessed.add(column.name)
    used = taken | fields.keys()
    others = [c.name for c in columns if c.name not in used and c.name.strip().lower() not in NUMBERS]
    return fields, frozenset(fields[column][0] for column in guessed if column in fields), others


def _column(columns: Sequence[Column], name: str | None) -> Column:
    return next(column for column in columns if column.name == name)


def _type(column: Column, samples: Samples) -> FieldType | None:
    values = samples.get(column.name, ())
    if column.type is None:
        return None if column.refusal else inferred(values, column.name)
    if column.names:
        return FieldType(Kind.KEYWORD)
    if column.type == FieldType(Kind.KEYWORD):
        return FieldType(text_kind(values, column.name))
    return column.type


def _free(name: str, taken: Set[str]) -> str:
    """The name, with a number if another column has it already."""
    number = 2
    free = name
    while free in taken:
        free = f"{name[:60]}_{number}"
        number += 1
    return free
