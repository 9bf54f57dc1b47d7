"""Where a page of matches ends, as a text that the next request gives back.

It names the last match by its place in the order, and not by its number: matches that come or go meanwhile move no
other one across the border of a page.
"""

import json
import math
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import astuple, dataclass
from typing import Any

from lookalike.errors import BadQuery
from lookalike.filters import Scalar
from lookalike.queries.order import Order
from lookalike.records import Match
from lookalike.shown import shown
from lookalike.unicode import is_unicode

#: Characters of a cursor; longer ones are made up. Most of it is a text that an order compares: a label, a uri.
MAX_LENGTH = 60_000
_ADVICE = "Begin again without a cursor."
#: What an index compares.
_INTEGERS = range(-(2**63), 2**63)
_TYPES: tuple[tuple[type, ...], ...] = ((str, int, float, bool, type(None)), (str,), (int,), (str,), (int,))


@dataclass(frozen=True)
class Cursor:
    """The end of a page: the `value` and `id` that place its last match in the order of the search, how many matches
    were `seen` up to it, the version of the index that they are of, and a checksum of the search."""

    value: Scalar | None
    id: str
    seen: int
    version: str
    search: int

    def __str__(self) -> str:
        text = json.dumps(astuple(self), separators=(",", ":"), ensure_ascii=False)
        return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    def check(self, version: str, search: int, what: str = "search") -> None:
        """Raises BadQuery if the cursor is of another version of the index, or of another search."""
        if version != self.version:
            raise BadQuery(f"The cursor is of {shown(self.version)}, and the index is {version} now.", _ADVICE)
        if search != self.search:
            raise BadQuery(f"The cursor is of another {what}.", _ADVICE)


def parse_cursor(text: str) -> Cursor:
    """Raises BadQuery for a text that is no cursor, or a longer one."""
    try:
        if len(text) > MAX_LENGTH:
            raise ValueError
        fields: Any = json.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
        if not isinstance(fields, list) or len(fields) != len(_TYPES):
            raise ValueError
        if any(type(field) not in types for field, types in zip(fields, _TYPES, strict=True)) or fields[2] < 0:
            raise ValueError
        if not all(map(_is_possible, fields)):
            raise ValueError
    except (ValueError, Error, RecursionError) as error:
        raise not_ours() from error
    return Cursor(*fields)


def not_ours() -> BadQuery:
    return BadQuery("The cursor is not one of this service.", _ADVICE)


def _is_possible(value: Any) -> bool:
    """Whether an index can compare with it: JSON can also hold NaN, half a character and numbers of any size."""
    if isinstance(value, str):
        return is_unicode(value)
    return value in _INTEGERS if isinstance(value, int) else value is None or math.isfinite(value)


def cursor_after(match: Match, seen: int, order: Order, version: str, search: int) -> Cursor:
    """The end of a page with this last match, up to which `seen` were seen."""
    return Cursor(order.place(match).value, match.id, seen, version, search)


def checksum(*parts: object) -> int:
    """Of what a search asks for: bytes, texts and numbers."""
    found = 0
    for part in parts:
        found = zlib.crc32(part if isinstance(part, bytes) else repr(part).encode(), found)
    return found
