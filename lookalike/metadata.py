"""The metadata of images: typed fields, as people declare them and as tables hold them."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from numbers import Real
from typing import Any, TypeAlias

from lookalike.errors import BadSetting
from lookalike.records import ImageRef, Metadata, MetadataValue, Stored
from lookalike.shown import shown

#: Fields of an index.
MAX_FIELDS = 64
#: Both indexes can name a field so. Tables' columns are renamed with `field_name`.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
#: Integers that OpenSearch, LanceDB and JSON hold alike.
INTEGERS = range(-(2**63), 2**63)
#: Characters of one text value; more is no metadata but a document.
MAX_TEXT = 32_000
#: Characters of a keyword: OpenSearch compares at most 32,766 bytes as a whole.
MAX_KEYWORD = 8191
#: Values of a list.
MAX_VALUES = 1000
#: Fields whose values are sentences, where nobody says what they are: some of them are too long for a keyword.
TEXT_NAMES = frozenset({"caption", "text", "description", "alt", "title", "prompt", "comment"})

_TRUE = frozenset({"true", "t", "yes", "y", "1", "on"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "off"})
#: A text in a list as Python shows it.
_QUOTED = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*""", re.DOTALL)
#: What tables hold in place of a value.
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "-"})


class Kind(StrEnum):
    """What one value of a field is. A keyword is compared as a whole; a text may be long."""

    KEYWORD = "keyword"
    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    DATE = "date"
    BOOLEAN = "boolean"


#: How people and other tools call the kinds.
_NAMES = {kind.value: kind for kind in Kind} | {
    "str": Kind.KEYWORD,
    "string": Kind.KEYWORD,
    "int": Kind.INTEGER,
    "long": Kind.INTEGER,
    "number": Kind.FLOAT,
    "double": Kind.FLOAT,
    "datetime": Kind.DATE,
    "timestamp": Kind.DATE,
    "bool": Kind.BOOLEAN,
}


@dataclass(frozen=True)
class FieldType:
    """The type of a field: one value of a kind, or a list of them. As text: `integer`, `integer[]`."""

    kind: Kind
    is_list: bool = False

    def __str__(self) -> str:
        return f"{self.kind}[]" if self.is_list else str(self.kind)


#: The fields of an index, by name.
Fields: TypeAlias = Mapping[str, FieldType]

_KINDS = "Use text, keyword, int, float, date, bool or list, such as year:int or tags:list."


def field_type(text: str) -> FieldType:
    """The type that a person writes: `int`, `list` (of keywords), `int[]`. Raises BadSetting."""
    name = text.strip().lower()
    if name == "list":
        return FieldType(Kind.KEYWORD, is_list=True)
    kind = _NAMES.get(name.removesuffix("[]"))
    if kind is None:
        raise BadSetting(f"There is no type {shown(text)} of metadata.", _KINDS)
    return FieldType(kind, name.endswith("[]"))


def parse_fields(text: str) -> dict[str, FieldType | None]:
    """Columns with their types, from `a,b:int,c:list`; None where no type is given. Raises BadSetting."""
    fields: dict[str, FieldType | None] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, colon, type_name = item.rpartition(":")
        fields[(name if colon else item).strip()] = field_type(type_name) if colon else None
    if not fields:
        raise BadSetting(f"{shown(text)} names no column.", "Name columns with commas between them, or all.")
    return fields


def field_name(column: str) -> str:
    """The name of the field for a column: other characters become `_`."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", column.strip())[:64]
    return name if NAME.fullmatch(name) else f"_{name}"[:64]


def check_fields(fields: Fields) -> None:
    """Raises BadSetting for too many fields, or a name that an index cannot hold."""
    if len(fields) > MAX_FIELDS:
        raise BadSetting(
            f"{len(fields)} metadata fields are too many: an index has at most {MAX_FIELDS}.",
            "Name the columns that searches filter on.",
        )
    for name in fields:
        if not NAME.fullmatch(name):
            raise BadSetting(
                f"A metadata field cannot be named {shown(name)}.", "Use at most 64 letters, digits and `_`."
            )


def type_of(value: MetadataValue) -> FieldType:
    """The type of a value of a field that nobody declared. Text is a keyword unless it is too long for one; an empty
    list is one of keywords."""
    if isinstance(value, list):
        return FieldType(_joined_kind({type_of(item).kind for item in value}), is_list=True)
    if isinstance(value, bool):
        return FieldType(Kind.BOOLEAN)
    if isinstance(value, int):
        return FieldType(Kind.INTEGER)
    if isinstance(value, float):
        return FieldType(Kind.FLOAT)
    return FieldType(Kind.TEXT if len(value) > MAX_KEYWORD else Kind.KEYWORD)


def joined_type(values: Iterable[MetadataValue], name: str = "") -> FieldType:
    """The type that holds all these values of one field, called `name`, that nobody declared."""
    types = [type_of(value) for value in values if value != []]
    kind = _joined_kind({type.kind for type in types})
    if kind is Kind.KEYWORD and name.lower() in TEXT_NAMES:
        kind = Kind.TEXT
    return FieldType(kind, any(type.is_list for type in types))


def _joined_kind(kinds: Set[Kind]) -> Kind:
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {Kind.INTEGER, Kind.FLOAT}:
        return Kind.FLOAT
    return Kind.TEXT if Kind.TEXT in kinds else Kind.KEYWORD


def fitted(metadata: Metadata, fields: Fields) -> dict[str, MetadataValue]:
    """The metadata as the fields of an index hold it; values of other fields stay as they are. Raises ValueError, with
    the field and a short text.

    Text stays text: "none" is a missing value in a column of numbers, not among the names of brands."""
    result: dict[str, MetadataValue] = {}
    for name, value in metadata.items():
        try:
            held = fitted_value(value, fields[name]) if name in fields else value
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if held is not None:
            result[name] = held
    return result


def agree(stored: Stored, ref: ImageRef, fields: Fields) -> bool:
    """Whether a document has the label and the metadata of a reference, as far as they are known. `fields` are those of
    the index."""
    return ref.keeps_metadata or (stored.name == ref.label and is_same(stored.metadata, ref.metadata, fields))


def is_same(stored: Metadata, given: Metadata, fields: Fields) -> bool:
    """Whether an index that was given this metadata would hold what it holds: 5 and "5" are the same in a field of
    integers, and so are no tags and an empty list of them, or "n/a" and no number."""
    given = {name: value for name, value in given.items() if not _is_left_out(value, fields.get(name))}
    return stored.keys() == given.keys() and all(_is_held_as(value, stored[name]) for name, value in given.items())


def _is_left_out(value: MetadataValue, type: FieldType | None) -> bool:
    """Whether an index holds nothing for a value in a field of this type."""
    try:
        return value == [] or (type is not None and fitted_value(value, type) is None)
    except ValueError:
        return False


def _is_held_as(given: MetadataValue, stored: MetadataValue) -> bool:
    if given == stored:
        return True
    held = type_of(stored)
    kinds = (Kind.DATE, Kind.TEXT) if held.kind in (Kind.KEYWORD, Kind.TEXT) else (held.kind,)
    return any(_fits_as(given, FieldType(kind, held.is_list), stored) for kind in kinds)


def _fits_as(given: MetadataValue, type: FieldType, stored: MetadataValue) -> bool:
    try:
        return fitted_value(given, type) == stored
    except ValueError:
        return False


def fitted_value(value: MetadataValue, type: FieldType) -> MetadataValue | None:
    """The value as its field holds it, as in `fitted`; None for a missing one. Raises ValueError, with a short text."""
    if type.kind not in (Kind.KEYWORD, Kind.TEXT):
        return coerced(value, type)
    convert = _CONVERSIONS[type.kind]
    if not type.is_list:
        return convert(value)  # type: ignore[no-any-return]
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_VALUES:
        raise ValueError(f"{len(values)} values are more than {MAX_VALUES}")
    return [convert(item) for item in values if item is not None] or None


def coerced(value: Any, type: FieldType) -> MetadataValue | None:
    """The value as its field holds it; None where a table has none. Raises ValueError, with a short text."""
    if not type.is_list:
        return _scalar(value, type.kind)
    values = _parts(value)
    if len(values) > MAX_VALUES:
        raise ValueError(f"{len(values)} values are more than {MAX_VALUES}")
    return [item for item in (_scalar(part, type.kind) for part in values) if item is not None] or None  # type: ignore[return-value]


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


def _scalar(value: Any, kind: Kind) -> str | int | float | bool | None:
    if _is_nothing(value):
        return None
    if isinstance(value, str) and value.strip().lower() in _MISSING and (kind is not Kind.TEXT or not value.strip()):
        return None
    converted: str | int | float | bool = _CONVERSIONS[kind](value)
    return converted


def _is_nothing(value: Any) -> bool:
    """Whether it stands for no value: None, NaN of Python or NumPy, NaT and NA of pandas."""
    if isinstance(value, Real):
        return bool(value != value)
    return value is None or type(value).__name__ in ("NaTType", "NAType")


def _text(value: Any) -> str:
    if isinstance(value, dict | list | bytes):
        raise ValueError(f"{shown(value)} is no text")
    text = value.isoformat() if isinstance(value, date) else str(value)
    if len(text) > MAX_TEXT:
        raise ValueError(f"{len(text)} characters are more than {MAX_TEXT}")
    return text


def _keyword(value: Any) -> str:
    text = _text(value)
    if len(text) > MAX_KEYWORD:
        raise ValueError(f"{len(text)} characters are more than {MAX_KEYWORD} of a keyword; declare it as text")
    return text


def _integer(value: Any) -> int:
    try:
        number = int(value) if not isinstance(value, float) or value.is_integer() else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None and isinstance(value, str):
        number = _whole(value)
    if number is None or number not in INTEGERS:
        raise ValueError(f"{shown(value)} is no integer")
    return number


def _whole(text: str) -> int | None:
    """The whole number of a text such as 5.0 or 1e3, with all its digits."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    # Compared first: 1e999999999 is a whole number with as many digits.
    is_small = number.is_finite() and number.copy_abs() <= INTEGERS.stop
    return int(number) if is_small and number == number.to_integral_value() else None


def _float(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{shown(value)} is no number")
    # No -0.0, which some indexes tell from 0.0.
    return number + 0.0


def _date(value: Any) -> str:
    """In UTC with milliseconds, so that the later text is the later time. A number is seconds since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, datetime):
            moment = value
        else:
            moment = datetime.fromisoformat(value.isoformat() if isinstance(value, date) else str(value).strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f"{shown(value)} is no date; write 2026-11-26 or 2026-11-26T07:30:00Z") from error
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text.removesuffix(".0") not in _TRUE | _FALSE:
        raise ValueError(f"{shown(value)} is neither true nor false")
    return text.removesuffix(".0") in _TRUE


_CONVERSIONS: dict[Kind, Callable[[Any], Any]] = {
    Kind.KEYWORD: _keyword,
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.DATE: _date,
    Kind.BOOLEAN: _boolean,
}
