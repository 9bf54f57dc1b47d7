"""What a client of one kind of store does, and what it lists."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from lookalike.reading.contract import Fetched, State, etag_text
from lookalike.reading.stores.location import Location
from lookalike.records import Span


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a listing."""

    key: str
    size_bytes: int
    etag: str = ""


class Client(Protocol):
    """Used from one event loop. Every method raises StoreProblem, and MissingExtra or BadSetting at the first use."""

    async def get(self, at: Location, span: Span | None, max_bytes: int) -> Fetched:
        """The bytes of an object, counted while they arrive. Raises ImageRejected (`too_large`, `empty`)."""

    async def head(self, at: Location) -> State:
        """Size and etag of an object."""

    def pages(self, at: Location, *, patience_s: float = 0.0) -> AsyncIterator[list[Entry]]:
        """The keys that begin with that of `at`, in pages. A page that fails is asked for again for `patience_s`."""

    async def close(self) -> None:
        """Release connections."""


def plain_etag(etag: str | None) -> str:
    """An etag without quotes: a listing and a response may differ in them."""
    return etag_text(etag or "").removeprefix("W/").strip('"')
