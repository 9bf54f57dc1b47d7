"""The column of a table that holds labels."""

from collections.abc import Sequence

from lookalike.errors import BadSetting
from lookalike_producer.tables.column_names import first_of, named_column
from lookalike_producer.tables.options import TableOptions
from lookalike_producer.tables.rows import Column, Samples

LABEL_NAMES = ("label", "class", "category", "labelname", "classname", "categoryname")


def label_column(name: str, columns: Sequence[Column], samples: Samples, options: TableOptions, uri: str) -> str | None:
    """The column of labels; one that holds lists is none that is found by itself. Raises BadSetting."""
    wanted = named_column(columns, options.label_column, "label", name)
    by_name = {column.name: column for column in reversed(columns)}
    if wanted is not None and (why := _no_label(by_name[wanted], samples)):
        raise BadSetting(
            f"The column {wanted} of {name} {why}, which are no labels.",
            "Take it as metadata, such as --metadata NAME:list, or choose another column.",
        )
    fit = [column for column in columns if not _no_label(column, samples)]
    return wanted or first_of(fit, LABEL_NAMES, without=(uri,))


def _no_label(column: Column, samples: Samples) -> str:
    """Why the values of a column are no labels."""
    if column.refusal:
        return column.refusal
    values = [value for value in samples.get(column.name, ()) if value is not None]
    is_list = (column.type is not None and column.type.is_list) or (
        bool(values) and all(isinstance(value, list) for value in values)
    )
    return "holds lists" if is_list else ""
