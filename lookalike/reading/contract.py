"""What every kind of place has in common: it gives the bytes of one uri, or says in what state it is."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from lookalike.errors import ImageRejected
from lookalike.records import Reason, Span

#: What stands around an image in an archive, at most: a span of it may be so much longer than an image may be.
MAX_AROUND = 2**21


@dataclass(frozen=True)
class State:
    """A file or object as its place describes it, without its bytes.

    `etag` changes with the content: the entity tag of a store or a server, or size and times of a local file; empty if
    the place gives none. `size_bytes` is None if unknown.
    """

    etag: str = ""
    size_bytes: int | None = None


#: Longer entity tags are cut, with a hash of the whole in place of the rest.
MOST_ETAG = 512


def etag_text(header: str) -> str:
    """An entity tag as a document can hold it: a server may send bytes that are no UTF-8, of which aiohttp makes lone
    surrogates."""
    text = header.strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "surrogateescape").decode("latin-1")
    if len(text) <= MOST_ETAG:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text[: MOST_ETAG - len(digest)] + digest


@dataclass(frozen=True)
class Fetched:
    """The bytes of an image, and the etag of this very content (see `State`)."""

    data: bytes
    etag: str = ""


class NoParts(ImageRejected):
    """A host gives the whole of an object only, and not the part that it was asked for."""

    def __init__(self, reason: Reason = Reason.UNREADABLE, detail: str = "") -> None:
        super().__init__(reason, detail or "its host gives no parts of it (Range)")


class Place(Protocol):
    """One kind of place, such as web hosts. Used from one event loop; requests run at the same time.

    Every method raises ImageRejected for what a retry cannot help, HostUnavailable for one host that does not answer
    in order, and SourceUnavailable for a store that is away altogether. It does not retry by itself.
    """

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        """The bytes of one object, at most as many as an image may have; or `span` of them, at most MAX_AROUND more. A
        span that reaches beyond the end gives what there is, empty behind the end. Raises NoParts for one that does not
        begin at the start, if its host gives no parts."""

    async def fetch_unless(self, uri: str, etag: str, span: Span | None = None) -> Fetched | None:
        """As `fetch`; None if the object has still this etag: then its bytes are not sent, or not read."""

    async def look(self, uri: str) -> State:
        """The state of one object, without its bytes."""

    async def close(self) -> None:
        """Release connections."""


class LooksFirst:
    """The `fetch_unless` of a place that has no conditional requests."""

    async def fetch_unless(self: Place, uri: str, etag: str, span: Span | None = None) -> Fetched | None:
        return None if (await self.look(uri)).etag == etag else await self.fetch(uri, span)
