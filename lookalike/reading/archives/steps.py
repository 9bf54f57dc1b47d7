"""Runs the steps that read an archive, with ranges from any kind of place."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import TypeVar

from lookalike.reading.archives.member import Listing, Member
from lookalike.records import Span

Result = TypeVar("Result")


def listed(listing: Listing, read: Callable[[Span], bytes]) -> Iterator[Member]:
    """The members, read with a function that blocks."""
    data: bytes | None = None
    while True:
        try:
            item = listing.send(data)
        except StopIteration:
            return
        if isinstance(item, Member):
            data = None
            yield item
        else:
            data = read(item)


async def listed_ahead(listing: Listing, read: Callable[[Span], Awaitable[bytes]]) -> AsyncIterator[Member]:
    """The members, read in an event loop."""
    data: bytes | None = None
    while True:
        try:
            item = listing.send(data)
        except StopIteration:
            return
        if isinstance(item, Member):
            data = None
            yield item
        else:
            data = await read(item)


def finished(reads: Generator[Span, bytes, Result], read: Callable[[Span], bytes]) -> Result:
    """What the steps return, read with a function that blocks."""
    try:
        span = next(reads)
        while True:
            span = reads.send(read(span))
    except StopIteration as end:
        result: Result = end.value
        return result


async def awaited(reads: Generator[Span, bytes, Result], read: Callable[[Span], Awaitable[bytes]]) -> Result:
    """What the steps return, read in an event loop."""
    try:
        span = next(reads)
        while True:
            span = reads.send(await read(span))
    except StopIteration as end:
        result: Result = end.value
        return result
