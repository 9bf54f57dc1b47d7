"""What every format of tables has in common: columns, and rows that can be read one after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from lookalike.metadata import FieldType

#: The refusal of a column of bytes.
HOLDS_BYTES = "holds bytes"


@dataclass(frozen=True)
class Column:
    """A column. `type` is None if the format has no types, and values have to be looked at.

    `refusal` says why its values can be no metadata: it continues a sentence that begins with the name. `names` are
    the classes that its numbers stand for. `is_blank`, of a column that holds bytes: no row has a value, as far as that
    is known.
    """

    name: str
    type: FieldType | None = None
    refusal: str = ""
    names: tuple[str, ...] = ()
    is_blank: bool = False


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read; `why` is a clause."""

    why: str


#: The values of columns in the first rows, by the column's name.
Samples: TypeAlias = Mapping[str, Sequence[Any]]
#: The values of the wanted columns, None or "" where a row has none, a BadRow where it cannot be read.
Values: TypeAlias = Sequence[Any] | BadRow


class Table(Protocol):
    """A table that was opened: its columns are known, and it can be read several times."""

    #: What the table is, for people: `csv, latin-1, separated by ;`.
    description: str
    columns: tuple[Column, ...]

    def rows(self, wanted: Sequence[int]) -> Iterator[tuple[int, Values]]:
        """The number of each row, from 1, and its values in the columns with these numbers.

        Raises TableBroken where the table cannot be read further, and SourceUnavailable.
        """
