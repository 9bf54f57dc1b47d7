"""The type of a column, from the values of its first rows."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from lookalike.metadata import INTEGERS, TEXT_NAMES, FieldType, Kind

#: A keyword is compared as a whole; what is longer in some row is text.
LONGEST_KEYWORD = 256

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "-"})
#: A number with a zero in front is a code, such as a postal code.
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)").fullmatch
_FLOAT = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}.*)?").fullmatch
_BOOLEAN = frozenset({"true", "false"})


def inferred(values: Iterable[Any], name: str) -> FieldType | None:
    """The type of a column that has none, from some of its values; None if they are no metadata."""
    kinds = {_kind(value) for value in values if not _is_missing(value)}
    lists = [value for value in values if isinstance(value, list)]
    if lists:
        parts = {_kind(part) for value in lists for part in value if not _is_missing(part)}
        kind = _common(parts) if len(lists) == sum(not _is_missing(value) for value in values) else None
        return FieldType(kind, is_list=True) if kind else None
    kind = _common(kinds)
    if kind is Kind.KEYWORD:
        kind = text_kind(values, name)
    return FieldType(kind) if kind else None


def text_kind(values: Iterable[Any], name: str) -> Kind:
    """Whether texts are keywords, or long texts."""
    is_named_so = name.rpartition(".")[2].strip().lower() in TEXT_NAMES
    is_long = any(isinstance(value, str) and len(value) > LONGEST_KEYWORD for value in values)
    return Kind.TEXT if is_named_so or is_long else Kind.KEYWORD


def _is_missing(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and value.strip().lower() in _MISSING)


def _common(kinds: set[Kind | None]) -> Kind | None:
    """One kind for all: integers and other numbers are numbers, and anything else together is a keyword."""
    if None in kinds:
        return None
    if len(kinds) == 1:
        return next(iter(kinds))
    return Kind.FLOAT if kinds == {Kind.INTEGER, Kind.FLOAT} else Kind.KEYWORD


def _kind(value: Any) -> Kind | None:
    if isinstance(value, str):
        return _kind_of_text(value.strip())
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, int):
        return Kind.INTEGER if value in INTEGERS else Kind.KEYWORD
    if isinstance(value, float):
        return Kind.FLOAT
    return Kind.DATE if isinstance(value, date) else None


def _kind_of_text(text: str) -> Kind:
    if _INTEGER(text):
        return Kind.INTEGER if int(text) in INTEGERS else Kind.KEYWORD
    if _FLOAT(text):
        return Kind.FLOAT
    if text.lower() in _BOOLEAN:
        return Kind.BOOLEAN
    return Kind.DATE if _DATE(text) and _is_date(text) else Kind.KEYWORD


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
