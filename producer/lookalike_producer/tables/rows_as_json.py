"""Rows that are Python objects, as JSON lines."""

import json
import os
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

from lookalike.shown import kind_of

#: In place of what is no metadata: a list in a list is none either.
_NO_VALUE: list[Any] = [[]]
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE


def as_line(row: object) -> bytes:
    """One line for one row; a row that is no mapping, or that cannot be written, becomes a text that says so."""
    if not isinstance(row, Mapping):
        return _line_of_no_row(f"{kind_of(row)} is neither a dict nor a path")
    try:
        return orjson.dumps(row if type(row) is dict else dict(row), default=_plain, option=_OPTIONS)
    except (TypeError, ValueError, RecursionError):
        return _as_python_writes(row)


def line_of_path(path: "str | bytes | os.PathLike[Any]", label: Callable[[str], str | None]) -> bytes:
    """The line for an image whose path or address alone is known."""
    text = os.fsdecode(path)
    row = {"path": text}
    if found := label(text):
        row["label"] = found
    return as_line(row)


def _as_python_writes(row: Mapping[Any, Any]) -> bytes:
    """What orjson does not write: halves of surrogate pairs, integers of more than 64 bits, keys of other types."""
    try:
        named = {key if isinstance(key, str) else str(key): value for key, value in row.items()}
        return json.dumps(named, default=_plain).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        return _line_of_no_row(f"it cannot be written as JSON: {error}")


def _line_of_no_row(why: str) -> bytes:
    return orjson.dumps(why.encode("utf-8", "replace").decode(), option=orjson.OPT_APPEND_NEWLINE)


def _plain(value: Any) -> Any:
    """What JSON can hold of a value."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "ndim", None) == 0:
        return item()
    tolist = getattr(value, "tolist", None)
    return tolist() if tolist is not None and getattr(value, "ndim", 0) == 1 else _NO_VALUE
