"""Conditions bound to the fields of one index: their values have the types of the fields. Knows no backend."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from lookalike.errors import BadFilter
from lookalike.filters import METADATA_PREFIX, TAKEN, Condition, Operator, Scalar, shown_key, stored_field
from lookalike.index.places import TAKEN_AT_MS, Bound, Period, Place, Value, milliseconds
from lookalike.index.ranges import check_ranges
from lookalike.index.words import LONGEST_WORD, class_of, words
from lookalike.metadata import Fields, FieldType, Kind, fitted_value
from lookalike.queries.order import INGESTED
from lookalike.shown import clause, shortened, shown

#: Fields that an error names, beside close matches.
FIELDS_NAMED = 10
#: Of a phrase that is looked for in texts.
MOST_WORDS = 100
LONGEST_PHRASE = 1000
#: Of all filters together: OpenSearch refuses a query of more than 1024 clauses.
MOST_CLAUSES = 1000
#: A range, and what it can be answered from: an index of points, or a column.
CLAUSES_OF_RANGE = 3
#: Kinds whose values have an order that means something, so that an index can tell the first and the last.
ORDERED = (Kind.INTEGER, Kind.FLOAT, Kind.DATE)

_OWN = {"name": FieldType(Kind.KEYWORD), "uri": FieldType(Kind.KEYWORD)}
_TAKEN = Place(TAKEN_AT_MS, is_own=True, type=FieldType(Kind.DATE))
_PRESENCE = (Operator.EXISTS, Operator.MISSING)
_EQUALITY = (Operator.ONE_OF, Operator.NONE_OF)
#: A year, a month or a day: the whole of it is meant.
_PERIOD = re.compile(r"(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?", re.ASCII)
_SECONDS = re.compile(r"-?\d{1,12}(?:\.\d*)?", re.ASCII)


def bind(conditions: Iterable[Condition], fields: Fields, index: str, *, has_texts: bool) -> list[Bound]:
    """The conditions for `index`. Raises BadFilter for a field that it does not have, with those that it has, for a
    value or an operator that does not fit the type, and for ranges that end before they begin."""
    given = list(conditions)
    found = [_bound(condition, place_of(condition.field, fields, index, has_texts)) for condition in given]
    check_ranges(zip(given, found, strict=True))
    if sum(map(_clauses, found)) > MOST_CLAUSES:
        raise BadFilter(
            "The filters are too many for one search.",
            f"Give fewer: {MOST_CLAUSES // CLAUSES_OF_RANGE} conditions and dates, or {MOST_CLAUSES:,} words of texts.",
        )
    return found


def place_of(field: str, fields: Fields, index: str, has_texts: bool) -> Place:
    """The place of `name`, `uri`, `taken` or `metadata.KEY`. Raises BadFilter for another field."""
    if field in _OWN:
        return Place(field, is_own=True, type=_OWN[field])
    # A filter of an earlier release means a field of metadata that is called so.
    if field == TAKEN and TAKEN not in fields and not has_texts:
        return _TAKEN
    key = field.removeprefix(METADATA_PREFIX)
    if key in fields:
        return Place(key, is_own=False, type=fields[key])
    if has_texts and key:
        return Place(key, is_own=False, type=None)
    raise unknown(key, fields, index)


def unknown(key: str, fields: Fields, index: str) -> BadFilter:
    """Nothing is called so: name what is, close matches first."""
    if not fields:
        advice = "It has no metadata: filter on label or uri."
        return BadFilter(f"Index {index} has no metadata field {shown(key)}.", advice)
    known = ["label", "uri", *map(shown_key, sorted(fields))]
    near = get_close_matches(key, known, n=3)
    others = [name for name in known if name not in near]
    named = [*near, *others][: max(FIELDS_NAMED, len(near))]
    more = f" and {len(known) - len(named)} more" if len(known) > len(named) else ""
    meant = f"Did you mean {near[0]}? " if near else ""
    return BadFilter(
        f"Index {index} has no metadata field {shown(key)}.", f"{meant}Filter on {', '.join(named)}{more}."
    )


def _bound(condition: Condition, place: Place) -> Bound:
    if condition.operator in _PRESENCE:
        values: tuple[Value, ...] = ()
    else:
        values = tuple(_value(value, place, condition) for value in condition.values)
    kind = place.type.kind if place.type else None
    is_comparison = condition.operator not in (*_PRESENCE, *_EQUALITY)
    if (is_comparison and kind in (None, Kind.TEXT, Kind.BOOLEAN)) or (kind is None and not values):
        raise BadFilter(
            f"Cannot filter on {shortened(str(condition))}: {place} is {_described(kind)}.", _advice(place, kind)
        )
    return Bound(place, condition.operator, values)


def _value(value: Scalar, place: Place, condition: Condition) -> Value:
    if place.type is None or (place.is_own and place.type.kind is Kind.KEYWORD):
        return _plain(value)
    try:
        if place.type.kind is Kind.DATE:
            return _in_ms(period(value)) if place.is_in_ms else period(value)
        if place.type.kind is Kind.TEXT:
            _check_words(str(value))
        found = fitted_value(value, FieldType(place.type.kind))
    except ValueError as error:
        why = clause(error)
    else:
        if found is not None and not isinstance(found, list):
            return found
        why = f"{shown(value)} is no value"
    raise BadFilter(
        f"Cannot filter on {shortened(str(condition))}: {place} is {_described(place.type.kind)}, and {why}.",
        f'Give another value, or filter on "{place} missing".',
    )


def _clauses(condition: Bound) -> int:
    """How many clauses of a query it is. Other values than texts and dates are compared as one list."""
    kind = condition.place.type.kind if condition.place.type else None
    if kind is Kind.TEXT:
        return sum(len(words(str(text))) for text in condition.values)
    return CLAUSES_OF_RANGE * (len(condition.values) if kind is Kind.DATE else 1)


def _check_words(text: str) -> None:
    """Raises ValueError for more words than a regular expression in LanceDB can have, and for longer ones than
    OpenSearch keeps."""
    found = words(text[: LONGEST_PHRASE + 1])
    # Chinese characters take little room in one.
    if len(text) > LONGEST_PHRASE or sum(class_of(word[0]) != "I" for word in found) > MOST_WORDS:
        raise ValueError(f"a phrase has at most {MOST_WORDS} words and {LONGEST_PHRASE} characters")
    if any(len(word) > LONGEST_WORD for word in found):
        raise ValueError(f"a word has at most {LONGEST_WORD} characters")


def _plain(value: Scalar) -> str:
    """JSON's words for truth values, as texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def period(value: Scalar) -> Period:
    """The period that a value means: all of 2026, of 2026-11 or of 2026-11-26, or one moment. A number that is no year
    is seconds since 1970, as a number or as a text. Raises ValueError."""
    text = str(value).strip()
    parts = _PERIOD.fullmatch(text)
    if parts is None:
        moment = fitted_value(float(text) if _SECONDS.fullmatch(text) else value, FieldType(Kind.DATE))
        if not isinstance(moment, str):
            raise ValueError(f"{shown(value)} is no date")
        return Period(moment, moment, moment)
    year, month, day = parts.groups()
    first = str(fitted_value(f"{year}-{month or '01'}-{day or '01'}", FieldType(Kind.DATE)))
    begin = "-".join(filter(None, parts.groups()))
    return Period(first, _last(first, has_month=bool(month), has_day=bool(day)), begin)


def _in_ms(period: Period) -> Period:
    return Period(milliseconds(str(period.first)), milliseconds(str(period.last)), period.text)


def _last(first: str, *, has_month: bool, has_day: bool) -> str:
    """The last moment of a period that begins so."""
    day = datetime.fromisoformat(first.removesuffix("Z"))
    if not has_month:
        day = day.replace(month=12)
    if not has_day:
        day = day.replace(day=31 if day.month == 12 else (day.replace(month=day.month + 1) - timedelta(days=1)).day)
    return f"{first[:4]}-{day:%m-%d}T23:59:59.999Z"


def _described(kind: Kind | None) -> str:
    if kind is None:
        return "text of an earlier release"
    return f"{'an' if kind is Kind.INTEGER else 'a'} {kind}"


def _advice(place: Place, kind: Kind | None) -> str:
    if kind is None:
        return "Filter with = or != only; `lookalike reembed` makes a version of the index with types."
    return f'Filter with = or !=, or with "{place} exists".'


def facet_place(field: str, fields: Fields, index: str) -> Place:
    """The place whose values are counted. Raises BadFilter for an unknown field, or one of long texts."""
    place = place_of(stored_field(field), fields, index, has_texts=False)
    if place.type is not None and place.type.kind is Kind.TEXT:
        raise BadFilter(f"The values of {place} are texts, which are not counted.", "Count those of a keyword.")
    return place


def facet_places(asked: Sequence[str] | None, fields: Fields, index: str) -> list[Place]:
    """The places whose values are counted; by default the label, when photographs were taken, and all metadata fields.
    Of texts, only how many there are. Raises BadFilter for an unknown field."""
    if asked is None:
        own = ["name"] if TAKEN in fields else ["name", TAKEN]
        asked = [*own, *(METADATA_PREFIX + key for key in sorted(fields))]
    places = (place_of(stored_field(field), fields, index, has_texts=False) for field in asked)
    return list(dict.fromkeys(places))


def bounds_place(field: str, fields: Fields, index: str) -> Place:
    """The place whose first and last value are asked for. Raises BadFilter unless it has numbers or dates."""
    place = place_of(stored_field(field), fields, index, has_texts=False)
    if place.type is None or place.type.kind not in ORDERED:
        kind = place.type.kind if place.type else None
        raise BadFilter(f"{place} is {_described(kind)}.", "Ask for the range of numbers or dates.")
    return place


def sort_place(field: str, fields: Fields, index: str) -> Place:
    """The place whose values order a list: that of `stored_field`, or the time of ingest or of the photograph. Raises
    BadFilter for an unknown field, and for one of texts or lists."""
    if field == INGESTED:
        return Place("ingested_at", is_own=True, type=FieldType(Kind.DATE))
    if field == TAKEN:
        return Place(TAKEN_AT_MS, is_own=True, type=FieldType(Kind.INTEGER))
    place = place_of(field, fields, index, has_texts=False)
    assert place.type is not None
    if place.is_list or place.type.kind is Kind.TEXT:
        what = "has several values" if place.is_list else "is a text"
        raise BadFilter(f"{place} {what}: images cannot be sorted by it.", "Sort by another field.")
    return place


def least(values: Iterable[Any] | None) -> Any:
    """The least value of a list; None if there is none."""
    return min(values, default=None) if values else None


def facet_values(counts: Mapping[Scalar, int], limit: int) -> dict[Scalar, int]:
    """The `limit` most frequent values, the most frequent first, equal ones sorted."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered[:limit])
