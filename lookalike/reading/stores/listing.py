"""Looks at stores for code that is not asynchronous: what an address names, and the keys below it as a stream."""

from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Self

from lookalike.reading.background import BackgroundLoop
from lookalike.reading.contract import State
from lookalike.reading.stores.client import Entry
from lookalike.reading.stores.location import Location
from lookalike.reading.stores.place import StorePlace
from lookalike.reading.stores.problems import Kind, StoreProblem, StoreUnavailable, about_source
from lookalike.reading.stores.retrying import PATIENCE_S, tried

_AGAIN = "Run the same command again when the store answers; images that are in the index are only looked up."


class Listing:
    """For the length of a `with` block. Configuration and credentials are those of the process at its beginning."""

    def __init__(self) -> None:
        self._place = StorePlace(max_bytes=0)
        self._loop = BackgroundLoop()

    def state(self, at: Location) -> State | None:
        """Size and etag of an object; None if there is none, or if nobody may know. Raises as `first` does."""
        client = self._place.client(at.scheme)
        try:
            return self._loop.run(tried(lambda: client.head(at)))
        except StoreProblem as problem:
            # S3 says "denied" for a missing key to whoever may not list.
            if problem.kind in (Kind.NO_KEY, Kind.DENIED, Kind.NOT_SIGNED, Kind.BAD_KEY):
                return None
            # There is one: whoever reads it has the reason why it cannot be read.
            if problem.kind in (Kind.ARCHIVED, Kind.ENCRYPTED, Kind.NO_DECRYPTION):
                return State()
            raise about_source(problem, at, at.uri) from problem

    def first(self, at: Location, of: Location | None = None) -> Entry | None:
        """One of the keys that begin with that of `at`; None if there is none. `of` is what messages name.

        Raises SourceMissing, AccessDenied, BadSetting, MissingExtra, SourceUnavailable.
        """
        pages = self._place.client(at.scheme).pages(at)
        try:
            while (page := self._loop.run(_next(pages))) is not None:
                if page:
                    return page[0]
        except StoreProblem as problem:
            raise about_source(problem, at, (of or at).uri) from problem
        return None

    def keys(self, at: Location) -> Iterator[Entry]:
        """All keys that begin with that of `at`; the next page is on its way while one is worked on.

        Raises as `first` does, but SourceUnavailable only after a store was away for long: the listing waits for it.
        """
        pages = self._place.client(at.scheme).pages(at, patience_s=PATIENCE_S)
        last = ""
        following = self._loop.start(_next(pages))
        try:
            while (page := following.result()) is not None:
                following = self._loop.start(_next(pages))
                yield from page
                last = page[-1].key if page else last
        except StoreProblem as problem:
            raise _broken_off(problem, at, last) from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.close(self._place.close())


def _broken_off(problem: StoreProblem, at: Location, last: str) -> StoreUnavailable:
    behind = f" behind {at.at(last).uri}" if last else ""
    error = StoreUnavailable(at.uri, f"its list of keys broke off{behind}: {problem.why}")
    error.advice = _AGAIN
    return error


async def _next(pages: AsyncIterator[list[Entry]]) -> list[Entry] | None:
    return await anext(pages, None)
