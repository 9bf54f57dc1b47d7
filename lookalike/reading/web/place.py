"""Web hosts as one kind of place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from cachetools import LRUCache

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.reading.content_range import part_of
from lookalike.reading.contract import MAX_AROUND, Fetched, NoParts, State
from lookalike.reading.hosts import host_of
from lookalike.reading.web import bodies
from lookalike.reading.web.answers import NOT_MODIFIED, condition, is_packed, says_same
from lookalike.reading.web.connections import Connections
from lookalike.reading.web.names import LookUp, SystemNames
from lookalike.reading.web.options import WebOptions
from lookalike.reading.web.proxies import Proxies
from lookalike.reading.web.requests import Answer, Requests, address_of
from lookalike.records import Reason, Span
from lookalike.uris import web_url

#: Servers that answer HEAD in one of these ways may know GET.
_NO_HEAD = frozenset({400, 403, 405, 406, 501})
#: Nothing but the first byte, for the header of its answer.
_FIRST_BYTE = {"Range": "bytes=0-0"}
#: Hosts that do not heed conditions, of which this is remembered.
MOST_HEEDLESS = 1000


class WebPlace:
    """Images at http(s) addresses (see `Place`). It sends each request once, and follows at most five redirects.

    `look_up` finds the addresses of a name; by default the system's resolver does. `proxies` are by default those of
    the environment. Raises BadSetting for proxies that cannot be used.
    """

    def __init__(self, options: WebOptions, look_up: LookUp | None = None, proxies: Proxies | None = None) -> None:
        self._options = options
        self._connections = Connections(options, look_up or SystemNames(), proxies or Proxies.of_environment())
        self._requests = Requests(options, self._connections)
        #: Hosts that have sent an image although its etag was the one that they were told.
        self._heedless: LRUCache[str, bool] = LRUCache(MOST_HEEDLESS)

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        url = _address(uri)
        if span is None:
            async with self._within(url), self._requests.answer("GET", url, {}) as answer:
                answer.check()
                return await self._whole(answer)
        if span.length > self._options.max_bytes + MAX_AROUND:
            raise bodies.too_large(self._options.max_bytes)
        headers = {"Range": f"bytes={span.start}-{span.start + span.length - 1}"}
        async with self._within(url), self._requests.answer("GET", url, headers) as answer:
            return await self._part(answer, span)

    async def fetch_unless(self, uri: str, etag: str, span: Span | None = None) -> Fetched | None:
        """One conditional request. A host that does not heed conditions is asked with HEAD from then on."""
        url = _address(uri)
        asked, host = condition(etag), host_of(url)
        if span is not None or asked is None or host in self._heedless:
            return None if (await self.look(uri)).etag == etag else await self.fetch(uri, span)
        async with self._within(url), self._requests.answer("GET", url, asked) as answer:
            if answer.status != NOT_MODIFIED:
                answer.check()
                if answer.state.etag != etag:
                    return await self._whole(answer)
                self._heedless[host] = True
                return None
            if says_same(answer.headers, etag):
                return None
        return await self.fetch(uri)

    async def look(self, uri: str) -> State:
        url = _address(uri)
        async with self._within(url):
            async with self._requests.answer("HEAD", url, {}) as answer:
                if answer.status not in _NO_HEAD:
                    answer.check()
                    return answer.state
            async with self._requests.answer("GET", url, _FIRST_BYTE) as answer:
                if not answer.is_empty:
                    answer.check(asked_for_part=True)
                return answer.state

    async def look_at_parts(self, uri: str) -> State | None:
        """The state of what its host gives in parts, with its size; None if it can only be read from its start."""
        url = _address(uri)
        async with self._within(url), self._requests.answer("GET", url, _FIRST_BYTE) as answer:
            if answer.is_empty:
                return answer.state
            answer.check(asked_for_part=True)
            if answer.status != 206:
                return None
            _check_part(answer.headers, 0)
            gives_parts = answer.state.size_bytes is not None and not is_packed(answer.headers_of_file)
            return answer.state if gives_parts else None

    async def copy(
        self, uri: str, write: Callable[[bytes], object], most_bytes: int, *, unpacks: bool = False
    ) -> State:
        """Give the whole content to `write`, piece by piece; it takes as long as the host sends at a fair pace. With
        `unpacks`, it may be packed for the way."""
        options = replace(self._options, max_bytes=most_bytes)
        async with self._requests.answer("GET", _address(uri), {}) as answer:
            answer.check()
            count, packed = 0, is_packed(answer.headers_of_file)
            if (answer.state.size_bytes or 0) > most_bytes:
                raise _too_large_to_copy(most_bytes)
            if packed and not unpacks:
                raise _packed()
            pieces = bodies.plain if packed else bodies.raw
            async for piece in pieces(answer.response, answer.address, options):
                count += len(piece)
                if count > most_bytes:
                    raise _too_large_to_copy(most_bytes)
                write(piece)
            return State(answer.state.etag, count)

    async def close(self) -> None:
        await self._connections.close()

    @asynccontextmanager
    async def _within(self, url: str) -> AsyncIterator[None]:
        """Raises HostUnavailable for what takes longer than one call may."""
        try:
            async with asyncio.timeout(self._options.total_s):
                yield
        except TimeoutError as error:
            why = f"the image takes more than {self._options.total_s:.0f} s"
            raise HostUnavailable(address_of(url), why) from error

    async def _whole(self, answer: Answer) -> Fetched:
        data = await bodies.whole(answer.response, answer.address, self._options)
        return Fetched(data, answer.state.etag)

    async def _part(self, answer: Answer, span: Span) -> Fetched:
        if answer.status == 416:
            raise ImageRejected(Reason.CHANGED, "the archive is shorter than when it was listed")
        answer.check(asked_for_part=True)
        if is_packed(answer.headers_of_file):
            raise _packed()
        if answer.status == 206:
            _check_part(answer.headers, span.start)
        elif span.start:
            raise NoParts
        return Fetched(await answer.part(span.length, self._options), answer.state.etag)


def _check_part(headers: Mapping[str, str], start: int) -> None:
    try:
        is_right = part_of(headers)[0] == start
    except ValueError:
        is_right = False
    if not is_right:
        raise ImageRejected(Reason.UNREADABLE, "the host sends another part than it was asked for")


def _packed() -> ImageRejected:
    return ImageRejected(Reason.UNREADABLE, "the host packs a part of an archive")


def _too_large_to_copy(most_bytes: int) -> ImageRejected:
    what = f"its host gives no parts of it (Range), and it has more than {most_bytes} bytes; download it first"
    return ImageRejected(Reason.TOO_LARGE, what)


def _address(uri: str) -> str:
    try:
        return web_url(uri)
    except ValueError as error:
        raise ImageRejected(Reason.BAD_URI, str(error)) from error
