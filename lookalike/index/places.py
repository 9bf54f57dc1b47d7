"""Places of values in documents, and conditions on them whose values have the types of the places."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

from lookalike.filters import TAKEN, Operator, Scalar, shown_key
from lookalike.metadata import FieldType, Kind

#: The field of documents that says when a photograph was taken, in milliseconds since 1970.
TAKEN_AT_MS = "taken_at_ms"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = {"name": "label", TAKEN_AT_MS: TAKEN}


class Period(NamedTuple):
    """The first and the last moment of a year, a month or a day, as dates are stored; `text` is how all of them begin.
    A moment is a period of its own."""

    first: str | int
    last: str | int
    text: str


Value: TypeAlias = Scalar | Period


@dataclass(frozen=True)
class Place:
    """Where a value of a document is: `name`, `uri` or `taken_at_ms`, or the metadata field `key`. `type` is None for
    the texts that documents of an earlier release have beside the typed fields."""

    key: str
    is_own: bool
    type: FieldType | None

    def __str__(self) -> str:
        if self.is_own:
            return _NAMES.get(self.key, self.key)
        return shown_key(self.key)

    @property
    def is_list(self) -> bool:
        return self.type is not None and self.type.is_list

    @property
    def is_in_ms(self) -> bool:
        """Whether its dates are stored as milliseconds since 1970, and not as texts."""
        return self.is_own and self.type is not None and self.type.kind is Kind.DATE and self.key == TAKEN_AT_MS

    def stored(self, value: Scalar) -> Scalar:
        """A value as documents store it here: a date may be a number."""
        return milliseconds(str(value)) if self.is_in_ms else value

    def shown(self, value: Scalar) -> Scalar:
        """A stored value as people read it."""
        return moment(value) if self.is_in_ms and isinstance(value, int | float) else value


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


def milliseconds(moment: str) -> int:
    """Since 1970, of a date as metadata stores it."""
    return (datetime.fromisoformat(moment) - _EPOCH) // timedelta(milliseconds=1)


def moment(milliseconds: float) -> str:
    """The date of this many milliseconds since 1970, as metadata stores it."""
    found = _EPOCH + timedelta(milliseconds=milliseconds)
    return found.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
