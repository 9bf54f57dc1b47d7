"""What a client of one kind of store does, and what it lists."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from lookalike.reading.contract import Fetched, State, etag_text
from lookalike.reading.stores.location import Location
from lookalike.reading.stores.problems import Kind, StoreProblem
from lookalike.records import Span


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a listing."""

    key: str
    size_bytes: int
    etag: str = ""


class Client(Protocol):
    """Used from one event loop. Every method raises StoreProblem, and MissingExtra or BadSetting at the first use."""

    async def get(self, at: Location, span: Span | None, max_bytes: int, *, unless: str = "") -> Fetched:
        """The bytes of an object, counted while they arrive. Raises ImageRejected (`too_large`, `empty`); StoreProblem
        (NOT_MODIFIED) if `unless` is the etag that it has."""

    async def head(self, at: Location) -> State:
        """Size and etag of an object."""

    def pages(self, at: Location, *, patience_s: float = 0.0) -> AsyncIterator[list[Entry]]:
        """The keys that begin with that of `at`, in pages. A page that fails is asked for again for `patience_s`."""

    async def close(self) -> None:
        """Release connections."""


def plain_etag(etag: str | None) -> str:
    """An etag without quotes: a listing and a response may differ in them."""
    return etag_text(etag or "").removeprefix("W/").strip('"')


def quoted_etag(etag: str) -> str:
    """An etag as a condition has it; empty for what is none."""
    return f'"{etag}"' if etag.isascii() and etag.isprintable() and '"' not in etag and etag else ""


def check_changed(etag: str | None, unless: str) -> None:
    """For a store that does not heed conditions. Raises StoreProblem (NOT_MODIFIED)."""
    if unless and plain_etag(etag) == unless:
        raise StoreProblem(Kind.NOT_MODIFIED)
