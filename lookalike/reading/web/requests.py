"""Requests with their redirects, each of which is checked like the first address."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp
from yarl import URL

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.reading.content_range import whole_size
from lookalike.reading.contract import State
from lookalike.reading.hops import MOST_REDIRECTS, Hops
from lookalike.reading.web import bodies
from lookalike.reading.web.answers import REDIRECTS, check_status, declared_size, next_url, state_of
from lookalike.reading.web.connections import Connections
from lookalike.reading.web.options import WebOptions
from lookalike.reading.web.optout import check_opt_out
from lookalike.reading.web.robots import MOST_BYTES, Robots
from lookalike.roots import Grant

#: For the robots.txt of a host, with its redirects.
ROBOTS_S = 20.0


class Answer(NamedTuple):
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

    @property
    def state(self) -> State:
        """Of the whole file, also if this is the answer about a part of it."""
        size = whole_size(self.headers) if self.status in (206, 416) else declared_size(self.headers_of_file)
        return state_of(self.headers, size)

    @property
    def is_empty(self) -> bool:
        """Whether there is not even the first byte that was asked for."""
        return self.status == 416 and whole_size(self.headers) is not None

    def check(self, *, asked_for_part: bool = False) -> None:
        """Raises ImageRejected or HostUnavailable unless its body is what was asked for."""
        check_status(self.status, self.headers, self.address, asked_for_part=asked_for_part)

    async def part(self, length: int, options: WebOptions) -> bytes:
        """The first bytes of its body, at most `length`."""
        return await bodies.part(self.response, self.address, options, length)


class Requests:
    """Asks only where the roots allow it and, if the options say so, no host that keeps robots away."""

    def __init__(self, options: WebOptions, connections: Connections) -> None:
        self._options = options
        self._connections = connections
        self._robots = Robots(self._robots_txt, options.robot)

    @asynccontextmanager
    async def answer(self, method: str, url: str, headers: Mapping[str, str]) -> AsyncIterator[Answer]:
        """The answer at the end of all redirects, each of which is checked like the first address."""
        hops = Hops()
        while True:
            grant = self._options.roots.grant(url)
            if self._options.respects_robots:
                await self._robots.check(url, grant)
            async with self._connections.request(method, url, grant, headers) as response:
                if not _is_redirect(response):
                    self._check_opt_out(response)
                    yield Answer(response, address_of(url))
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
                        if not _is_redirect(response):
                            answer = Answer(response, address_of(url))
                            answer.check()
                            return await answer.part(MOST_BYTES, self._options)
                        url, before = next_url(url, response.headers), url
                    if URL(url).origin() != URL(before).origin():
                        grant = self._options.roots.grant(url)
        except TimeoutError as error:
            raise HostUnavailable(address_of(url), "it does not answer in time") from error
        except ImageRejected:
            # None, or none that may be read; what is wrong with the host itself is told by the image.
            pass
        return None


def address_of(url: str) -> str:
    """The host of a URL, as messages name it."""
    return str(URL(url, encoded=True).origin())


def _is_redirect(response: aiohttp.ClientResponse) -> bool:
    return response.status in REDIRECTS and "Location" in response.headers
