"""Checks the arguments of a handle's methods, one function for each kind. Another module checks images."""

import os
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lookalike.errors import BadSetting
from lookalike.records import MOST_MATCHES, Reason
from lookalike.shown import kind_of, shown
from lookalike.storage import canonical_uri, named_uri
from lookalike.unicode import is_path, is_unicode

if TYPE_CHECKING:
    from lookalike.metadata import FieldType
    from lookalike.queries.options import Options
    from lookalike_producer.tables.options import TableOptions
    from lookalike_producer.walk.options import WalkOptions

#: A folder, a glob, a table, a list of paths (.txt) or an image.
Source = str | os.PathLike[str]


class Arrow(Protocol):
    """What gives its rows as batches of Arrow: tables and readers of PyArrow, data frames of Polars and pandas."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


#: A table or a list that is no file: a data frame, an Arrow table, dicts, or paths of images.
Rows = Arrow | Iterable[Mapping[str, Any]] | Iterable[Source]
#: Columns of a table for metadata: "all", "none", names with types in one text or in a dict, or names.
Columns = str | Mapping[str, str | None] | Iterable[str] | None


def text(value: object, what: str) -> str:
    """The value, a text such as "an id". Raises BadSetting for another type, and for an empty or invalid text."""
    if not isinstance(value, str):
        raise BadSetting(f"{kind_of(value)} is not {what}.", "Give a text.")
    if not value:
        raise BadSetting(f"An empty text is not {what}.", "Give one that is not empty.")
    if not value.isascii() and not is_unicode(value):
        raise BadSetting(f"{shown(value)} is not {what}: it is not valid Unicode.", "Give another text.")
    return value


def path(value: object, what: str) -> str:
    """The value, a path such as "a source". Raises BadSetting for another type, and for what no file can be named."""
    place = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(place, str):
        raise BadSetting(f"{kind_of(value)} is not {what}.", "Give a path as a text or a Path.")
    if not place:
        raise BadSetting(f"An empty path is not {what}.", "The working folder is '.'.")
    if "\0" in place or not is_path(place):
        raise BadSetting(f"{shown(place)} is not {what}: no file can have this name.", "Give the path of a file.")
    return place


def expanded(value: object, what: str) -> str:
    """The path with `~` replaced by the home folder. Raises BadSetting as `path` does, and for an unknown user."""
    place = path(value, what)
    whole = os.path.expanduser(place)
    if place.startswith("~") and whole == place and not os.path.lexists(place):
        user = place.partition("/")[0]
        raise BadSetting(f"{shown(place)} is not {what}: {shown(user)} is not a home folder.", "Give the whole path.")
    return whole


def sources(values: "Iterable[Source | Rows]", label_from: str = "parent") -> list[str]:
    """The sources as texts, those of objects with what they hold, which is copied now. Raises BadSetting for something
    else, and if there is none; SourceMissing, DiskFull, MissingExtra for objects."""
    found: list[str] = []
    number = 0
    for value in values:
        if isinstance(value, str | os.PathLike):
            found.append(path(value, "a source"))
        else:
            from lookalike_producer.labels import label_of_path
            from lookalike_producer.tables.given import given

            number += 1
            found.append(given(value, number, label_of_path(label_from)))
    if not found:
        raise BadSetting(
            "There is no source to ingest.", "Give a folder, a glob, a table, a .txt list of paths or an image."
        )
    return found


def walk_options(follow_links: object, include_hidden: object, exclude: object) -> "WalkOptions":
    """What a walk follows and leaves out. Raises BadSetting for another type, and for what is no pattern."""
    from lookalike_producer.walk.options import WalkOptions

    for name, value in (("follow_links", follow_links), ("include_hidden", include_hidden)):
        if not isinstance(value, bool):
            raise BadSetting(f"{name} = {shown(value)} is neither True nor False.", "Give one of them.")
    options = WalkOptions(bool(follow_links), bool(include_hidden), tuple(patterns(exclude)))
    options.check()
    return options


def table_options(
    uri_column: object, label_column: object, id_column: object, metadata: object, base: object
) -> "TableOptions":
    """Which columns of tables are taken. Raises BadSetting for another type, and for what names no column."""
    from lookalike_producer.tables.options import TableOptions

    uri, label, id = (
        None if value is None else text(value, "a column") for value in (uri_column, label_column, id_column)
    )
    options = TableOptions(uri, label, id, _columns(metadata), None if base is None else path(base, "a base"))
    options.check()
    return options


def _columns(values: object) -> "str | dict[str, FieldType | None] | None":
    if values is None or isinstance(values, str):
        return values
    from lookalike.metadata import field_type

    given = values if isinstance(values, Mapping) else dict.fromkeys(each(values, "a list of columns"))
    return {
        text(name, "a column"): None if type is None else field_type(text(type, "a type of metadata"))
        for name, type in given.items()
    }


def patterns(values: object) -> list[str]:
    """One pattern or several. Raises BadSetting for something else."""
    if isinstance(values, str):
        values = [values]
    return [path(value, "a pattern") for value in each(values, "a list of patterns")]


def folders(values: object) -> list[str]:
    """One folder or several as texts. Raises BadSetting for something else."""
    if isinstance(values, str | os.PathLike):
        values = [values]
    return [path(value, "a folder") for value in each(values, "a list of folders")]


def texts(values: object, what: str, of_all: str) -> list[str]:
    """One text or several: each is `what`, such as "an id", and together they are `of_all`, such as "a list of ids".

    Raises BadSetting for something else.
    """
    if isinstance(values, str):
        values = [values]
    return [text(value, what) for value in each(values, of_all)]


def whole_number(value: object, name: str, lowest: int, highest: int | None = None) -> int:
    """The number. Raises BadSetting for another type, and for a number out of range."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise BadSetting(f"{name} = {shown(value)} is not a whole number.", "Give an int.")
    number = int(value)
    if number < lowest or (highest is not None and number > highest):
        most = "or more" if highest is None else f"to {highest}"
        raise BadSetting(f"{name} = {shown(number)} is out of range.", f"Give {lowest} {most}.")
    return number


def whole_numbers(values: object, name: str) -> list[int]:
    """The numbers, none of them negative. Raises BadSetting for something else."""
    return [whole_number(value, name, 0) for value in each(values, "a list of whole numbers")]


def number(value: object, name: str) -> float:
    """The number. Raises BadSetting for something else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise BadSetting(f"{name} = {shown(value)} is not a number.", "Give an int or a float.")
    return float(value)


def share(value: object, name: str) -> float:
    """The number between 0 and 1. Raises BadSetting for something else."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise BadSetting(f"{name} = {shown(value)} is not a share.", "Give a number between 0 and 1.")
    return float(value)


def check_query(image: object, id: object, uri: object, k: object) -> None:
    """The image itself is checked when it is read. Raises BadSetting."""
    if sum(given is not None for given in (image, id, uri)) != 1:
        raise BadSetting("A search starts from one of an image, an id and a uri.", "Give exactly one of them.")
    if id is not None:
        text(id, "an id")
    if uri is not None:
        path(uri, "a uri")
    whole_number(k, "k", 1, MOST_MATCHES)


def search_options(
    *, k: object, filters: Any, min_score: object, sort: object, group_by: object, diversity: object, exact: bool
) -> "Options":
    """Raises BadSetting, BadFilter, BadQuery."""
    from lookalike.index.checks import check_filters
    from lookalike.queries.options import Options
    from lookalike.queries.order import parse_order

    order = text(sort, "an order")
    parse_order(order)
    return Options(
        whole_number(k, "k", 1, MOST_MATCHES),
        check_filters(filters),
        within(min_score, "min_score", -1, 1),
        order,
        None if group_by is None else text(group_by, "a field"),
        within(diversity, "diversity", 0, 1),
        exact,
    )


def within(value: object, name: str, lowest: float, highest: float) -> float:
    """The number. Raises BadSetting for something else."""
    found = number(value, name)
    if not lowest <= found <= highest:
        raise BadSetting(f"{name} = {shown(value)} is out of range.", f"Give a number from {lowest} to {highest}.")
    return found


def stored_uri(uri: str | os.PathLike[str]) -> str:
    """The URI in the index of an image that is named by its URI or by its path."""
    text = os.fspath(uri)
    return canonical_uri(text) if "://" in text else named_uri(os.path.abspath(expanded(text, "a uri")))


def reason_of(reason: object) -> Reason | None:
    """Raises BadSetting for a text that names no reason."""
    if reason is None:
        return None
    if isinstance(reason, str) and reason in list(Reason):
        return Reason(reason)
    raise BadSetting(f"There is no reason {shown(reason)}.", f"The reasons are {', '.join(Reason)}.")


def check_values(settings: Mapping[str, Any]) -> None:
    """Raises BadSetting for a setting whose text no variable and no file name can have."""
    for name, value in settings.items():
        place = os.fspath(value) if isinstance(value, Path) else value
        if isinstance(place, str) and ("\0" in place or not is_path(place)):
            # The value may be a URL with a password.
            raise BadSetting(
                f"{name} cannot be used: it has a character that no address and no file name can have.", "Correct it."
            )


def each(values: object, what: str) -> Iterable[object]:
    """The values, such as "a list of ids". Raises BadSetting for something that is no list."""
    if isinstance(values, bytes | bytearray | memoryview | Mapping) or not isinstance(values, Iterable):
        raise BadSetting(f"{kind_of(values)} is not {what}.", "Give a list.")
    return values
