"""Asks the place of stores, as a worker does."""

import asyncio
from collections.abc import Sequence

from lookalike.errors import LookalikeError
from lookalike.reading.contract import Fetched, State
from lookalike.reading.stores.place import StorePlace
from lookalike.records import Span

MAX_BYTES = 10_000


def fetch(uri: str, span: Span | None = None, max_bytes: int = MAX_BYTES) -> Fetched:
    async def ask() -> Fetched:
        place = StorePlace(max_bytes)
        try:
            return await place.fetch(uri, span)
        finally:
            await place.close()

    return asyncio.run(ask())


def fetch_all(uris: Sequence[str]) -> list[Fetched]:
    """Through one place, at the same time."""

    async def ask() -> list[Fetched]:
        place = StorePlace(MAX_BYTES)
        try:
            return await asyncio.gather(*map(place.fetch, uris))
        finally:
            await place.close()

    return asyncio.run(ask())


def fetch_unless(uri: str, etag: str) -> Fetched | None:
    async def ask() -> Fetched | None:
        place = StorePlace(MAX_BYTES)
        try:
            return await place.fetch_unless(uri, etag)
        finally:
            await place.close()

    return asyncio.run(ask())


def look(uri: str) -> State:
    async def ask() -> State:
        place = StorePlace(MAX_BYTES)
        try:
            return await place.look(uri)
        finally:
            await place.close()

    return asyncio.run(ask())


def problem(uri: str, span: Span | None = None, max_bytes: int = MAX_BYTES) -> LookalikeError:
    """What `fetch` raises."""
    try:
        fetch(uri, span, max_bytes)
    except LookalikeError as error:
        return error
    raise AssertionError("no error")


def looked(uri: str) -> LookalikeError:
    """What `look` raises."""
    try:
        look(uri)
    except LookalikeError as error:
        return error
    raise AssertionError("no error")
