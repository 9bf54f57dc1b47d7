"""The order of matches: by score, by label, by the time of ingest or of the photograph, or by a metadata field."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import total_ordering
from typing import Any

from lookalike.errors import BadQuery
from lookalike.filters import METADATA_PREFIX, TAKEN, Scalar, stored_field
from lookalike.records import Match
from lookalike.shown import shown

SCORE, INGESTED = "score", "ingested"
#: Digits of a score that count: the last ones differ between two searches.
_DIGITS = 6
#: Characters of a text that count: a cursor holds them, whatever they are.
_CHARACTERS = 7_000


@total_ordering
@dataclass(frozen=True)
class Place:
    """Where a match stands: by its value, then by its id. Matches without a value are last."""

    value: Scalar | None
    id: str
    is_descending: bool

    def __lt__(self, other: "Place") -> bool:
        if (self.value is None) != (other.value is None):
            return other.value is None
        if self.value == other.value:
            return self.id < other.id
        mine, theirs = _comparable(self.value), _comparable(other.value)
        return bool(theirs < mine) if self.is_descending else bool(mine < theirs)


@dataclass(frozen=True)
class Order:
    """`field` is "score", "ingested", "taken", or what `stored_field` gives."""

    field: str = SCORE
    is_descending: bool = True

    def __str__(self) -> str:
        return f"-{self.field}" if self.is_descending else self.field

    def place(self, match: Match) -> Place:
        return Place(self._value(match), match.id, self.is_descending)

    def after(self, value: Scalar | None, id: str) -> Place:
        """The place of a match that is known only by its value and id."""
        return Place(value, id, self.is_descending)

    def sorted(self, matches: Iterable[Match]) -> list[Match]:
        return sorted(matches, key=self.place)

    def _value(self, match: Match) -> Scalar | None:
        value: Scalar | None = round(match.score, _DIGITS) if self.field == SCORE else value_of(match, self.field)
        return value[:_CHARACTERS] if isinstance(value, str) else value


BY_SCORE = Order()


def value_of(match: Match, field: str) -> Scalar | None:
    """The value of a field, of a list the first one; None if the match has none."""
    if field == INGESTED:
        return match.ingested_at or None
    if field == TAKEN:
        return match.taken_at_ms
    value = match.name if field == "name" else match.uri if field == "uri" else _metadata(match, field)
    if isinstance(value, list | tuple):
        return value[0] if value else None
    return value


def parse_order(text: str) -> Order:
    """The order of "score", "taken", "ingested", "label" or a metadata field: best and newest first, the others
    ascending; with a minus before it the other way round. Raises BadQuery."""
    field, is_reversed = text.removeprefix("-"), text.startswith("-")
    if not field:
        raise BadQuery("An empty text is no order.", "Sort by score, taken, ingested, label or a metadata field.")
    if text == "-score":
        raise BadQuery("The least alike are no matches.", "Sort by score.")
    known = field in (SCORE, INGESTED, TAKEN)
    return Order(field if known else stored_field(field), known != is_reversed)


def check_field(field: str, known: Iterable[str], index: str) -> None:
    """Raises BadQuery for a metadata field that is none of those that the index has."""
    key, names = field.removeprefix(METADATA_PREFIX), sorted(known)
    if field.startswith(METADATA_PREFIX) and key not in names:
        near = get_close_matches(key, names, n=1)
        advice = f"Did you mean {near[0]}?" if near else "Give score, taken, ingested, label or one of its fields."
        raise BadQuery(f"Index {index} has no metadata field {shown(key)}.", advice)


def _metadata(match: Match, field: str) -> Any:
    return match.metadata.get(field.removeprefix(METADATA_PREFIX))


def _comparable(value: Any) -> Any:
    """Values of one field have one type; of the forms of one number, the index may give either."""
    return (1, value) if isinstance(value, str) else (0, value)
