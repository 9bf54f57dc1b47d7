"""One value, converted to the kind of its field."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from lookalike.metadata.limits import INTEGERS, MAX_KEYWORD, MAX_TEXT, MAX_VALUES
from lookalike.metadata.types import Kind
from lookalike.records import MetadataValue
from lookalike.shown import shown

#: One value of a field.
Scalar: TypeAlias = str | int | float | bool

_TRUE = frozenset({"true", "t", "yes", "y", "1", "on"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "off"})


def converted(value: Any, kind: Kind) -> Scalar:
    """The value as a field of this kind holds it. Raises ValueError, with a short text."""
    return _CONVERSIONS[kind](value)


def converted_list(values: Sequence[Any], convert: Callable[[Any], Scalar | None]) -> MetadataValue | None:
    """The values that `convert` does not find missing; None without one. Raises ValueError, with a short text."""
    if len(values) > MAX_VALUES:
        raise ValueError(f"{len(values)} values are more than {MAX_VALUES}")
    return [item for item in map(convert, values) if item is not None] or None  # type: ignore[return-value]


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


_CONVERSIONS: dict[Kind, Callable[[Any], Scalar]] = {
    Kind.KEYWORD: _keyword,
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.FLOAT: _float,
    Kind.DATE: _date,
    Kind.BOOLEAN: _boolean,
}
