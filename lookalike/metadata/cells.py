"""Values as tables hold them: lists in one cell, and what stands for no value."""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from numbers import Real
from typing import Any

from lookalike.metadata.conversion import Scalar, converted, converted_list
from lookalike.metadata.types import FieldType, Kind
from lookalike.records import MetadataValue

#: A text in a list as Python shows it.
_QUOTED = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*""", re.DOTALL)
#: What tables hold in place of a value.
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "-"})


def coerced(value: Any, type: FieldType) -> MetadataValue | None:
    """The value as its field holds it; None where a table has none. Raises ValueError, with a short text."""
    if not type.is_list:
        return _scalar(value, type.kind)
    return converted_list(_parts(value), lambda part: _scalar(part, type.kind))


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        return _split(value)
    if isinstance(value, Iterable) and not isinstance(value, bytes | Mapping):
        return list(value)
    return [] if value is None else [value]


def _split(text: str) -> list[Any]:
    """The values of a list in a cell: with separators, as JSON, or as Python shows a list."""
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        with suppress(ValueError, RecursionError):
            return list(json.loads(inner))
        found = _QUOTED.findall(inner[1:-1])
        # Nothing but quoted texts and commas, so that a text in brackets stays one.
        if found and not _QUOTED.sub("", inner[1:-1]).strip(", "):
            return [re.sub(r"\\(.)", r"\1", double or single) for double, single in found]
    separator = next((mark for mark in "|;," if mark in inner), ",")
    return [part.strip() for part in inner.split(separator)]


def _scalar(value: Any, kind: Kind) -> Scalar | None:
    if _is_nothing(value):
        return None
    if isinstance(value, str) and value.strip().lower() in _MISSING and (kind is not Kind.TEXT or not value.strip()):
        return None
    return converted(value, kind)


def _is_nothing(value: Any) -> bool:
    """Whether it stands for no value: None, NaN of Python or NumPy, NaT and NA of pandas."""
    if isinstance(value, Real):
        return bool(value != value)
    return value is None or type(value).__name__ in ("NaTType", "NAType")
