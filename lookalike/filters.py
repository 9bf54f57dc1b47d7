"""Conditions on label, uri and metadata: what a search, a list or a count is limited to."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice
from numbers import Integral, Real
from typing import Any, TypeAlias

from lookalike.errors import BadFilter
from lookalike.shown import kind_of, shown

METADATA_PREFIX = "metadata."
#: Fields of every document; `label` is stored as `name`.
OWN_FIELDS = frozenset({"label", "name", "uri"})
#: When a photograph was taken, as its EXIF says; in an index with a metadata field of this name, that field.
TAKEN = "taken"
#: Values of one condition.
MAX_VALUES = 1000

Scalar: TypeAlias = str | int | float | bool


class Operator(StrEnum):
    """How a field is compared. With a list, a condition holds if it holds for one of the list's values."""

    ONE_OF = "="
    NONE_OF = "!="
    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"
    EXISTS = "exists"
    MISSING = "missing"


@dataclass(frozen=True)
class Condition:
    """One condition. `field` is `name` (the label), `uri`, `taken` or `metadata.KEY`.

    `values` are as a person gave them; the index gives them the type of the field. `!=` also holds for an image without
    the field."""

    field: str
    operator: Operator
    values: tuple[Scalar, ...] = ()

    def __str__(self) -> str:
        field = "label" if self.field == "name" else self.field
        if field.startswith(METADATA_PREFIX):
            field = shown_key(field.removeprefix(METADATA_PREFIX))
        if not self.values:
            return f"{field} {self.operator}"
        return f"{field}{self.operator}{','.join(map(_quoted, self.values))}"


#: Conditions of which all must hold, as such or as text ("year>=2020"). A mapping has a value, or several of which one
#: must fit, for each field.
Filters: TypeAlias = Iterable[Condition | str] | Mapping[str, Any]

_FORM = re.compile(r"\s*([^=<>!\s]+?)\s*(>=|<=|!=|=|>|<)(.*)", re.DOTALL)
_PRESENCE = re.compile(r"\s*([^=<>!\s]+)\s+(exists|missing)\s*")
_VALUE = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"\s*|([^",\s][^,]*|))(,|\Z)', re.DOTALL)
_FORMS = """Give a dict, such as {'label': 'cat', 'brand': ['acme', 'globex']}, or a list, such as ["year>=2020"]."""
_ADVICE = 'Write "label=cat", "year>=2020", "brand=acme,globex", "brand!=acme" or "brand exists".'


def parse_filter(text: str) -> Condition:
    """The condition that a person writes: FIELD, an operator, and values with commas between them; a value with a comma
    stands in double quotes. Raises BadFilter."""
    if presence := _PRESENCE.fullmatch(text):
        return Condition(stored_field(presence[1]), Operator(presence[2]))
    form = _FORM.fullmatch(text)
    if form is None:
        raise BadFilter(f"{shown(text)} is no filter.", _ADVICE)
    operator, values = Operator(form[2]), _values(form[3].strip())
    if len(values) > 1 and operator not in (Operator.ONE_OF, Operator.NONE_OF):
        raise BadFilter(f"{shown(text)} compares with {len(values)} values.", f"Give one value after {operator}.")
    return Condition(stored_field(form[1]), operator, values)


def conditions(filters: Filters | None) -> tuple[Condition, ...]:
    """The conditions of either form. Raises BadFilter for a value that is no text, number or truth value."""
    if filters is None:
        return ()
    if isinstance(filters, str) or not isinstance(filters, Iterable):
        raise BadFilter(f"{kind_of(filters)} is no filter.", _FORMS)
    if not isinstance(filters, Mapping):
        return tuple(_condition(item) for item in filters)
    if {"label", "name"} <= set(filters) and filters["label"] != filters["name"]:
        raise BadFilter("The filters `label` and `name` are the same field.", "Give one of them.")
    return tuple(_equality(field, value) for field, value in filters.items())


def stored_field(field: str) -> str:
    """The field as filters name it: `name` for `label`, `uri`, `taken`, `metadata.KEY` for any other KEY. Raises
    BadFilter."""
    if not isinstance(field, str) or not field.removeprefix(METADATA_PREFIX):
        raise BadFilter(f"{shown(field)} is no name of a field.", "Name label, uri or a metadata field.")
    if field in OWN_FIELDS:
        return "name" if field == "label" else field
    return field if field == TAKEN or field.startswith(METADATA_PREFIX) else METADATA_PREFIX + field


def shown_key(key: str) -> str:
    """The name of a metadata field as a filter takes it: with its prefix if every document has a field of this name."""
    return METADATA_PREFIX + key if key in OWN_FIELDS else key


def _condition(item: object) -> Condition:
    if isinstance(item, Condition):
        return item
    if isinstance(item, str):
        return parse_filter(item)
    raise BadFilter(f"{kind_of(item)} is no filter.", _FORMS)


def _equality(field: str, value: Any) -> Condition:
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
    # One more than there may be: an iterable may be endless.
    values = tuple(map(_plain, islice(value, MAX_VALUES + 1) if several else (value,)))
    if not values or len(values) > MAX_VALUES or not all(isinstance(item, str | int | float) for item in values):
        raise BadFilter(
            f"Cannot filter on {shown(field)} = {shown(value)}.",
            "Give text, a number, true or false, or a list of them.",
        )
    return Condition(stored_field(field), Operator.ONE_OF, values)


def _plain(value: Any) -> Any:
    """Dates as texts, and numbers of NumPy and pandas as those of Python."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Integral):
        return value if isinstance(value, bool) else int(value)
    if isinstance(value, Real):
        return float(value)
    return bool(value) if type(value).__name__ in ("bool", "bool_") else value


def _values(text: str) -> tuple[str, ...]:
    values: list[str] = []
    position = 0
    while match := _VALUE.match(text, position):
        values.append(re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2].rstrip())
        position = match.end()
        if match[3] != ",":
            break
    if position != len(text) or not values:
        raise BadFilter(f"The values {shown(text)} cannot be read.", 'Put a value with a comma in quotes: "a, b".')
    return tuple(values)


def _quoted(value: Scalar) -> str:
    text = str(value)
    if not re.search(r'^=|[,"]', text) and text == text.strip():
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
