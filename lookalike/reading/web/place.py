"""Web hosts as one kind of place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NamedTuple

import aiohttp
from cachetools import LRUCache
from yarl import URL

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.reading.content_range import part_of, whole_size
from lookalike.reading.contract import MAX_AROUND, Fetched, NoParts, State
from lookalike.reading.hops import MOST_REDIRECTS, Hops
from lookalike.reading.hosts import host_of
from lookalike.reading.web import bodies
from lookalike.reading.web.answers import (
    NOT_MODIFIED,
    REDIRECTS,
    check_status,
    condition,
    declared_size,
    next_url,
    says_same,
    state_of,
)
from lookalike.reading.web.connections import Connections
from lookalike.reading.web.names import LookUp, SystemNames
from lookalike.reading.web.options import WebOptions
from lookalike.reading.web.optout import check_opt_out
from lookalike.reading.web.proxies import Proxies
from lookalike.reading.web.robots import MOST_BYTES, Robots
from lookalike.records import Reason, Span
from lookalike.roots import Grant
from lookalike.uris import web_url

#: Servers that answer HEAD in one of these ways may know GET.
_NO_HEAD = frozenset({400, 403, 405, 406, 501})
#: For the robots.txt of a host, with its redirects.
ROBOTS_S = 20.0
#: Nothing but the first byte, for the header of its answer.
_FIRST_BYTE = {"Range": "bytes=0-0"}


#: Hosts that do not heed conditions, of which this is remembered.
MOST_HEEDLESS = 1000


class _Answer(NamedTuple):
    """The last answer of a chain of redirects, and the host that gave it."""

    response: aiohttp.ClientResponse
    address: str

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.response.headers

    @property
    def headers_of_file(self) -> Mapping[str, str]:
        """The header without what a server that knows files by their names says of `a.tar.gz`: that a tar is packed in
        it. Its parts are those of the file."""
        is_gzip = self.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip")
        if not is_gzip or not self.response.url.path.lower().endswith((".gz", ".tgz")):
            return self.headers
        headers = self.response.headers.copy()
        headers.popall("Content-Encoding")
        return headers


class WebPlace:
    """Images at http(s) addresses (see `Place`). It sends each request once, and follows at most five redirects.

    `look_up` finds the addresses of a name; by default the system's resolver does. `proxies` are by default those of
    the environment. Raises BadSetting for proxies that cannot be used.
    """

    def __init__(self, options: WebOptions, look_up: LookUp | None = None, proxies: Proxies | None = None) -> None:
        self._options = options
        self._connections = Connections(options, look_up or SystemNames(), proxies or Proxies.of_environment())
        self._robots = Robots(self._robots_txt, options.robot)
        #: Hosts that have sent an image although its etag was the one that they were told.
        self._heedless: LRUCache[str, bool] = LRUCache(MOST_HEEDLESS)

    async def fetch(self, uri: str, span: Span | None = None) -> Fetched:
        url = _address(uri)
        if span is None:
            async with self._within(url), self._answer("GET", url, {}) as answer:
                check_status(answer.status, answer.headers, answer.address)
                return await self._whole(answer)
        if span.length > self._options.max_bytes + MAX_AROUND:
            raise bodies.too_large(self._options.max_bytes)
        headers = {"Range": f"bytes={span.start}-{span.start + span.length - 1}"}
        async with self._within(url), self._answer("GET", url, headers) as answer:
            return await self._part(answer, span)

    async def fetch_unless(self, uri: str, etag: str, span: Span | None = None) -> Fetched | None:
        """One conditional request. A host that does not heed conditions is asked with HEAD from then on."""
        url = _address(uri)
        asked, host = condition(etag), host_of(url)
        if span is not None or asked is None or host in self._heedless:
            return None if (await self.look(uri)).etag == etag else await self.fetch(uri, span)
        async with self._within(url), self._answer("GET", url, asked) as answer:
            if answer.status != NOT_MODIFIED:
                check_status(answer.status, answer.headers, answer.address)
                if state_of(answer.headers, declared_size(answer.headers)).etag != etag:
                    return await self._whole(answer)
                self._heedless[host] = True
                return None
            if says_same(answer.headers, etag):
                return None
        return await self.fetch(uri)

    async def look(self, uri: str) -> State:
        url = _address(uri)
        async with self._within(url):
            async with self._answer("HEAD", url, {}) as answer:
                if answer.status not in _NO_HEAD:
                    check_status(answer.status, answer.headers, answer.address)
                    return state_of(answer.headers, declared_size(answer.headers_of_file))
            async with self._answer("GET", url, _FIRST_BYTE) as answer:
                if answer.status == 416 and (size := whole_size(answer.headers)) is not None:
                    return state_of(answer.headers, size)
                check_status(answer.status, answer.headers, answer.address, asked_for_part=True)
                is_part = answer.status == 206
                return state_of(
                    answer.headers,
                    whole_size(answer.headers) if is_part else declared_size(answer.headers_of_file),
                )

    async def look_at_parts(self, uri: str) -> State | None:
        """The state of what its host gives in parts, with its size; None if it can only be read from its start."""
        url = _address(uri)
        async with self._within(url), self._answer("GET", url, _FIRST_BYTE) as answer:
            size = whole_size(answer.headers)
            if answer.status == 416 and size is not None:
                return state_of(answer.headers, size)
            check_status(answer.status, answer.headers, answer.address, asked_for_part=True)
            if answer.status == 206:
                _check_part(answer.headers, 0)
            gives_parts = answer.status == 206 and size is not None and not _is_packed(answer.headers_of_file)
            return state_of(answer.headers, size) if gives_parts else None

    async def copy(
        self, uri: str, write: Callable[[bytes], object], most_bytes: int, *, unpacks: bool = False
    ) -> State:
        """Give the whole content to `write`, piece by piece; it takes as long as the host sends at a fair pace. With
        `unpacks`, it may be packed for the way."""
        options = replace(self._options, max_bytes=most_bytes)
        async with self._answer("GET", _address(uri), {}) as answer:
            check_status(answer.status, answer.headers, answer.address)
            headers, count = answer.headers_of_file, 0
            size = declared_size(headers)
            if (size or 0) > most_bytes:
                raise _too_large_to_copy(most_bytes)
            if _is_packed(headers) and not unpacks:
                raise _packed()
            pieces = bodies.plain if _is_packed(headers) else bodies.raw
            async for piece in pieces(answer.response, answer.address, options):
                count += len(piece)
                if count > most_bytes:
                    raise _too_large_to_copy(most_bytes)
                write(piece)
            return State(state_of(answer.headers, size).etag, count)

    async def close(self) -> None:
        await self._connections.close()

    @asynccontextmanager
    async def _within(self, url: str) -> AsyncIterator[None]:
        """Raises HostUnavailable for what takes longer than one image may."""
        try:
            async with asyncio.timeout(self._options.total_s):
                yield
        except TimeoutError as error:
            why = f"the image takes more than {self._options.total_s:.0f} s"
            raise HostUnavailable(str(URL(url, encoded=True).origin()), why) from error

    @asynccontextmanager
    async def _answer(self, method: str, url: str, headers: Mapping[str, str]) -> AsyncIterator[_Answer]:
        """The answer at the end of all redirects, each of which is checked like the first address."""
        hops = Hops()
        while True:
            grant = self._options.roots.grant(url)
            if self._options.respects_robots:
                await self._robots.check(url, grant)
            async with self._connections.request(method, url, grant, headers) as response:
                if response.status not in REDIRECTS or "Location" not in response.headers:
                    self._check_opt_out(response)
                    yield _Answer(response, str(URL(url, encoded=True).origin()))
                    return
                url, before = next_url(url, response.headers), url
            hops.take(before, url)

    def _check_opt_out(self, response: aiohttp.ClientResponse) -> None:
        if self._options.respects_robots:
            tags = response.headers.getall("X-Robots-Tag", ())
            check_opt_out(tags, response.headers.getall("TDM-Reservation", ()), self._options.robot)

    async def _robots_txt(self, url: str, grant: Grant) -> bytes | None:
        """The robots.txt of a host, of which an image may be read under `grant`; None if there is none to keep to."""
        try:
            async with asyncio.timeout(ROBOTS_S):
                for _ in range(MOST_REDIRECTS + 1):
                    async with self._connections.request("GET", url, grant, {}) as response:
                        if response.status not in REDIRECTS or "Location" not in response.headers:
                            address = str(URL(url, encoded=True).origin())
                            check_status(response.status, response.headers, address)
                            return await bodies.part(response, address, self._options, skip=0, length=MOST_BYTES)
                        url, before = next_url(url, response.headers), url
                    if URL(url).origin() != URL(before).origin():
                        grant = self._options.roots.grant(url)
        except TimeoutError as error:
            raise HostUnavailable(str(URL(url, encoded=True).origin()), "it does not answer in time") from error
        except ImageRejected:
            # None, or none that may be read; what is wrong with the host itself is told by the image.
            pass
        return None

    async def _whole(self, answer: _Answer) -> Fetched:
        data = await bodies.whole(answer.response, answer.address, self._options)
        return Fetched(data, state_of(answer.headers, declared_size(answer.headers)).etag)

    async def _part(self, answer: _Answer, span: Span) -> Fetched:
        options, tag = self._options, state_of(answer.headers, whole_size(answer.headers)).etag
        if answer.status == 416:
            raise ImageRejected(Reason.CHANGED, "the archive is shorter than when it was listed")
        check_status(answer.status, answer.headers, answer.address, asked_for_part=True)
        if _is_packed(answer.headers_of_file):
            raise _packed()
        if answer.status == 206:
            _check_part(answer.headers, span.start)
            return Fetched(await bodies.part(answer.response, answer.address, options, skip=0, length=span.length), tag)
        if span.start:
            raise NoParts
        data = await bodies.part(answer.response, answer.address, options, skip=0, length=span.length)
        return Fetched(data, state_of(answer.headers, declared_size(answer.headers_of_file)).etag)


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


def _is_packed(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity")


def _address(uri: str) -> str:
    try:
        return web_url(uri)
    except ValueError as error:
        raise ImageRejected(Reason.BAD_URI, str(error)) from error
