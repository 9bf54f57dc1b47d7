"""Names of columns, as people and programs write them."""

import re
from collections.abc import Iterable, Sequence

from lookalike.errors import BadSetting
from lookalike.shown import shortened, shown, visible
from lookalike_producer.tables.rows import Column

#: Names of columns in a message.
NAMED = 20


def named_column(columns: Sequence[Column], wanted: str | None, what: str, name: str) -> str | None:
    """The column that a person names; None if nobody does. Raises BadSetting."""
    if wanted is None:
        return None
    exact = [column.name for column in columns if column.name == wanted]
    found = exact or [column.name for column in columns if is_same(column.name, wanted)]
    if not found:
        raise BadSetting(
            f"{name} has no column {shown(wanted)} for the {what}.",
            f"Its columns are {listed(column.name for column in columns)}.",
        )
    return found[0]


def has_column(columns: Iterable[str], wanted: str) -> bool:
    """Whether a person who names a column so means one of these."""
    return any(is_same(name, wanted) for name in columns)


def is_same(name: str, other: str) -> bool:
    return key_of(name) == key_of(other)


def key_of(name: str) -> str:
    """What is the same in `Image URL`, `image_url` and `ImageURL`."""
    return re.sub(r"[\s_-]", "", name).lower()


def first_of(columns: Sequence[Column], names: Iterable[str], without: Iterable[str] = ()) -> str | None:
    by_name = {key_of(column.name): column.name for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name and by_name[name] not in without), None)


def listed(names: Iterable[str]) -> str:
    """Names for a message."""
    all_names = [visible(shortened(name, 60)) or "(without a name)" for name in names]
    more = f" and {len(all_names) - NAMED:,} more" if len(all_names) > NAMED else ""
    return ", ".join(all_names[:NAMED]) + more
