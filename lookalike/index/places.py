"""Places of values in documents, and conditions on them whose values have the types of the places."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from lookalike.filters import Operator, Scalar, shown_key
from lookalike.metadata import FieldType


class Period(NamedTuple):
    """The first and the last moment of a year, a month or a day, as dates are stored; `text` is how all of them begin.
    A moment is a period of its own."""

    first: str
    last: str
    text: str


Value: TypeAlias = Scalar | Period


@dataclass(frozen=True)
class Place:
    """Where a value of a document is: `name` or `uri`, or the metadata field `key`. `type` is None for the texts that
    documents of an earlier release have beside the typed fields."""

    key: str
    is_own: bool
    type: FieldType | None

    def __str__(self) -> str:
        if self.is_own:
            return "label" if self.key == "name" else self.key
        return shown_key(self.key)

    @property
    def is_list(self) -> bool:
        return self.type is not None and self.type.is_list


@dataclass(frozen=True)
class Bound:
    """A condition on a place. Its values fit the place's type; those of a date are periods."""

    place: Place
    operator: Operator
    values: tuple[Value, ...]

    @property
    def limit(self) -> Scalar:
        """What a comparison is with. After a day is after its last moment; until a day is until its last one."""
        (value,) = self.values
        if not isinstance(value, Period):
            return value
        return value.last if self.operator in (Operator.AT_MOST, Operator.ABOVE) else value.first
