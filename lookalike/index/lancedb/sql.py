"""SQL conditions for LanceDB queries. Values are quoted here, and nowhere else."""

from collections.abc import Iterable, Iterator, Sequence

from lookalike.filters import Operator, Scalar
from lookalike.index.lancedb.columns import PREFIX, TEXTS
from lookalike.index.lancedb.phrase import phrase
from lookalike.index.places import Bound, Period, Place, Value
from lookalike.metadata import Kind

IDS_PER_REQUEST = 1000
#: Between the texts of a list; no word, so that no phrase reaches from one text into the next.
BETWEEN_TEXTS = "\x1e"
#: SQL has no literal for it: the minus is an operator.
LOWEST_INTEGER = -(2**63)

_COMPARISONS = {Operator.AT_LEAST: ">=", Operator.AT_MOST: "<=", Operator.ABOVE: ">", Operator.BELOW: "<"}
#: A list is as large as its largest value, and as small as its smallest.
_EXTREMES = {
    Operator.AT_LEAST: "array_max",
    Operator.ABOVE: "array_max",
    Operator.AT_MOST: "array_min",
    Operator.BELOW: "array_min",
}


def id_conditions(ids: Sequence[str]) -> Iterator[str]:
    """Conditions that together match these ids, each for at most IDS_PER_REQUEST of them."""
    for start in range(0, len(ids), IDS_PER_REQUEST):
        yield f"id IN ({', '.join(map(quoted, ids[start : start + IDS_PER_REQUEST]))})"


def matching(conditions: Iterable[Bound], *, has_texts: bool, has_taken: bool = True) -> str:
    """The condition for rows that meet all conditions; "" if there are none. A table of an earlier release has texts
    of metadata, and no `taken_at_ms`."""
    return " AND ".join(_condition(condition, has_texts, has_taken) for condition in conditions)


def column_of(place: Place) -> str:
    """The name of a place's column."""
    return place.key if place.is_own else PREFIX + place.key


def starts_with(field: str, prefix: str) -> str:
    return f"starts_with({field}, {quoted(prefix)})"


def quoted(text: str) -> str:
    """A SQL string. The quote is the only special character in it."""
    return "'" + text.replace("'", "''") + "'"


def _condition(condition: Bound, has_texts: bool, has_taken: bool) -> str:
    column = f"`{column_of(condition.place)}`"
    if condition.place.is_in_ms and not has_taken:
        # No row has a value.
        return "true" if condition.operator in (Operator.MISSING, Operator.NONE_OF) else "false"
    if condition.operator is Operator.EXISTS:
        return f"{column} IS NOT NULL"
    if condition.operator is Operator.MISSING:
        return f"{column} IS NULL"
    if condition.operator is Operator.ONE_OF:
        return f"({_one_of(condition, column, has_texts)})"
    if condition.operator is Operator.NONE_OF:
        # A row without a value has none of them.
        return f"(({_one_of(condition, column, has_texts)}) IS NOT TRUE)"
    held = f"{_EXTREMES[condition.operator]}({column})" if condition.place.is_list else column
    return f"{held} {_COMPARISONS[condition.operator]} {literal(condition.limit)}"


def _one_of(condition: Bound, column: str, has_texts: bool) -> str:
    place = condition.place
    if place.type is None:
        return _among_texts(condition)
    if place.type.kind is Kind.TEXT:
        return _any(_has_words(column, str(value), is_list=place.type.is_list) for value in condition.values)
    if place.type.kind is Kind.DATE:
        return _any(_within(column, value, is_list=place.type.is_list) for value in condition.values)
    values = ", ".join(literal(value) for value in condition.values if not isinstance(value, Period))
    equal = f"array_has_any({column}, make_array({values}))" if place.type.is_list else f"{column} IN ({values})"
    if has_texts and place.type.kind is Kind.KEYWORD and not place.is_own:
        # Documents of an earlier release have their texts there.
        return f"{equal} OR {_among_texts(condition)}"
    return equal


def _among_texts(condition: Bound) -> str:
    values = ", ".join(quoted(str(value)) for value in condition.values)
    return f"map_extract({TEXTS}, {quoted(condition.place.key)})[1] IN ({values})"


def _within(column: str, value: Value, *, is_list: bool) -> str:
    assert isinstance(value, Period)
    if is_list:
        # Dates are written from the year to the millisecond, so that those of a period begin like it.
        return f"contains(concat(' ', array_to_string({column}, ' ')), {quoted(f' {value.text}')})"
    return f"{column} BETWEEN {literal(value.first)} AND {literal(value.last)}"


def _has_words(column: str, text: str, *, is_list: bool) -> str:
    """Whether the column has these words, one after the other, in upper or lower case."""
    pattern = phrase(text, between=BETWEEN_TEXTS)
    held = f"array_to_string({column}, {quoted(BETWEEN_TEXTS)})" if is_list else column
    return f"regexp_like({held}, {quoted(pattern)})" if pattern else "false"


def literal(value: Scalar) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"({LOWEST_INTEGER + 1} - 1)" if value == LOWEST_INTEGER and isinstance(value, int) else repr(value)


def _any(conditions: Iterable[str]) -> str:
    return " OR ".join(conditions)
