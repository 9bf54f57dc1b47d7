"""Conditions on label, uri and metadata: what a search, a list or a count is limited to."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from lookalike.errors import BadSetting
from lookalike.shown import shown

METADATA_PREFIX = "metadata."
#: Fields of every document; `label` is stored as `name`.
OWN_FIELDS = frozenset({"label", "name", "uri"})
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
    """One condition. `field` is `name` (the label), `uri` or `metadata.KEY`.

    `values` are as a person gave them; the index gives them the type of the field. `!=` also holds for an image without
    the field."""

    field: str
    operator: Operator
    values: tuple[Scalar, ...] = ()

    def __str__(self) -> str:
        field = "label" if self.field == "name" else self.field.removeprefix(METADATA_PREFIX)
        if not self.values:
            return f"{field} {self.operator}"
        return f"{field}{self.operator}{','.join(map(_quoted, self.values))}"


#: Conditions of which all must hold. A mapping has a value, or several of which one must fit, for each field.
Filters: TypeAlias = Iterable[Condition] | Mapping[str, Any]

_FORM = re.compile(r"\s*([^=<>!\s]+?)\s*(>=|<=|!=|=|>|<)\s*(.*?)\s*", re.DOTALL)
_PRESENCE = re.compile(r"\s*([^=<>!\s]+)\s+(exists|missing)\s*")
_VALUE = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^",][^,]*?|))\s*(,|$)')
_ADVICE = 'Write "label=cat", "year>=2020", "brand=acme,globex", "brand!=acme" or "brand exists".'


def parse_filter(text: str) -> Condition:
    """The condition that a person writes: FIELD, an operator, and values with commas between them; a value with a comma
    stands in double quotes. Raises BadSetting."""
    if presence := _PRESENCE.fullmatch(text):
        return Condition(stored_field(presence[1]), Operator(presence[2]))
    form = _FORM.fullmatch(text)
    if form is None:
        raise BadSetting(f"{shown(text)} is no filter.", _ADVICE)
    operator, values = Operator(form[2]), _values(form[3])
    if len(values) > 1 and operator not in (Operator.ONE_OF, Operator.NONE_OF):
        raise BadSetting(f"{shown(text)} compares with {len(values)} values.", f"Give one value after {operator}.")
    return Condition(stored_field(form[1]), operator, values)


def conditions(filters: Filters | None) -> tuple[Condition, ...]:
    """The conditions of either form. Raises BadSetting for a value that is no text, number or truth value."""
    if filters is None:
        return ()
    if not isinstance(filters, Mapping):
        return tuple(filters)
    return tuple(_equality(field, value) for field, value in filters.items())


def stored_field(field: str) -> str:
    """The field as an index stores it: `name` for `label`, `metadata.KEY` for any other KEY. Raises BadSetting."""
    if not isinstance(field, str) or not field.removeprefix(METADATA_PREFIX):
        raise BadSetting(f"Cannot filter on {shown(field)}.", "Filter on label, uri or the name of a metadata field.")
    if field in OWN_FIELDS:
        return "name" if field == "label" else field
    return field if field.startswith(METADATA_PREFIX) else METADATA_PREFIX + field


def _equality(field: str, value: Any) -> Condition:
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not values or len(values) > MAX_VALUES or not all(isinstance(item, str | int | float) for item in values):
        raise BadSetting(
            f"Cannot filter on {shown(field)} = {shown(value)}.",
            "Give text, a number, true or false, or a list of them.",
        )
    return Condition(stored_field(field), Operator.ONE_OF, values)


def _values(text: str) -> tuple[str, ...]:
    values: list[str] = []
    position = 0
    while match := _VALUE.match(text, position):
        values.append(re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2])
        position = match.end()
        if match[3] != ",":
            break
    if position != len(text) or not values:
        raise BadSetting(f"The values {shown(text)} cannot be read.", 'Put a value with a comma in quotes: "a, b".')
    return tuple(values)


def _quoted(value: Scalar) -> str:
    text = str(value)
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"' if re.search(r'[,"]', text) else text
