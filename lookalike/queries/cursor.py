"""Where a page of matches ends, as a text that the next request gives back.

It names the last match by its score and id, and not by its number: matches that come or go meanwhile move no other
one across the border of a page.
"""

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from typing import Any

from lookalike.errors import BadQuery
from lookalike.records import Match

#: Characters of a cursor; longer ones are made up.
_MAX_LENGTH = 500
_ADVICE = "Begin again without a cursor."


@dataclass(frozen=True)
class Cursor:
    """The end of a page: the `score` and `id` of its last match, how many matches were `seen` up to it, the index
    version that they are of, and a checksum of the query."""

    score: float
    id: str
    seen: int
    version: str
    query: int

    def __str__(self) -> str:
        fields = [self.score, self.id, self.seen, self.version, self.query]
        return urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).rstrip(b"=").decode()

    def is_before(self, match: Match) -> bool:
        """Whether the match comes after the page: matches stand in the order of score, then id."""
        return (-match.score, match.id) > (-self.score, self.id)

    def check(self, version: str, query: int) -> None:
        """Raises BadQuery if the cursor is of another version of the index, or of another query."""
        if version != self.version:
            raise BadQuery(f"The cursor is of {self.version}; the index is {version} now.", _ADVICE)
        if query != self.query:
            raise BadQuery("The cursor is of another search.", _ADVICE)


def parse_cursor(text: str) -> Cursor:
    """Raises BadQuery for a text that is no cursor."""
    try:
        if len(text) > _MAX_LENGTH:
            raise ValueError
        fields = json.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
        if [type(field) for field in fields] != [float, str, int, str, int]:
            raise ValueError
    except (ValueError, TypeError, Error) as error:
        raise BadQuery("The cursor is not one of this service.", _ADVICE) from error
    return Cursor(*fields)


def checksum(*parts: Any) -> int:
    """Of what a search asks for: bytes, texts and numbers."""
    found = 0
    for part in parts:
        found = zlib.crc32(part if isinstance(part, bytes) else repr(part).encode(), found)
    return found
