"""The client of S3 and compatible stores: three requests, each signed by botocore and sent by aiohttp.

Not obstore, which serves the other stores: it refuses a whole listing for one key with `//` or a control character, and
takes `/a.jpg` for `a.jpg`. docs/decisions/0022-one-library-for-stores.md.
"""

import asyncio
import os
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from lookalike.errors import BadSetting, ImageRejected
from lookalike.extras import requiring
from lookalike.reading.content_range import part_of, whole_size
from lookalike.reading.contract import Fetched, State
from lookalike.reading.pace import LEAST_BYTES_PER_S, PACE_S, Pace, TooSlow
from lookalike.reading.stores.aws import Access
from lookalike.reading.stores.client import Entry, check_changed, plain_etag, quoted_etag
from lookalike.reading.stores.location import Location
from lookalike.reading.stores.problems import Kind, StoreProblem
from lookalike.reading.stores.progress import Progress
from lookalike.reading.stores.retrying import tried
from lookalike.reading.stores.s3_answers import MAX_ERROR_BYTES, MAX_PAGE_BYTES, Page, page_of, problem_of
from lookalike.records import Reason, Span
from lookalike.shown import shown

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

    from lookalike.reading.web.proxies import Proxies

#: Buckets whose region is remembered.
MAX_BUCKETS = 1024
#: Connections to a store; the reader limits how many requests there are at once.
MAX_CONNECTIONS = 64
CONNECT_S, READ_S, TOTAL_S = 5.0, 20.0, 120.0
#: For the text behind a status that says what is wrong.
ERROR_S = 5.0
#: A bucket may send us to its region, and expired credentials may be renewed.
CORRECTIONS = 3


class S3Client:
    """Made without a look at configuration or network; both happen with the first request."""

    def __init__(self) -> None:
        self._access: Access | None = None
        self._made: ClientSession | None = None
        self._proxies: Proxies | None = None
        self._lock = asyncio.Lock()
        self._regions: OrderedDict[str, str] = OrderedDict()

    async def get(self, at: Location, span: Span | None, max_bytes: int, *, unless: str = "") -> Fetched:
        headers = {"Range": f"bytes={span.start}-{span.start + span.length - 1}"} if span else {}
        if tag := quoted_etag(unless):
            headers["If-None-Match"] = tag
        async with self._answer("GET", at, headers=headers) as answer:
            check_changed(answer.headers.get("ETag"), unless)
            _check_range(answer, span)
            data = await _content(answer, max_bytes)
            return Fetched(data[: span.length] if span else data, plain_etag(answer.headers.get("ETag")))

    async def head(self, at: Location) -> State:
        try:
            async with self._answer("HEAD", at) as answer:
                return State(plain_etag(answer.headers.get("ETag")), answer.content_length)
        except StoreProblem as problem:
            if problem.kind not in (Kind.DENIED, Kind.REFUSED):
                raise
        # An answer to HEAD has no code: the same question as GET tells expired credentials from a forbidden object.
        async with self._answer("GET", at, headers={"Range": "bytes=0-0"}) as answer:
            return State(plain_etag(answer.headers.get("ETag")), whole_size(answer.headers))

    async def pages(self, at: Location, *, patience_s: float = 0.0) -> AsyncIterator[list[Entry]]:
        query = {"list-type": "2", "encoding-type": "url", "prefix": at.key}
        token, progress = "", Progress()
        while True:
            asked = query | ({"continuation-token": token} if token else {})
            page = await tried(partial(self._page, at, asked), patience_s=patience_s)
            if not all(entry.key.startswith(at.key) for entry in page.entries):
                raise StoreProblem(Kind.REFUSED, "it lists keys that it was not asked for")
            yield page.entries
            if not page.following:
                return
            progress.check(page.entries, page.following)
            token = page.following

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    async def _page(self, at: Location, query: Mapping[str, str]) -> Page:
        try:
            async with self._answer("GET", at.at(""), query=query) as answer:
                return page_of(await _limited(answer, MAX_PAGE_BYTES))
        except StoreProblem as problem:
            # A store that has no such bucket says so.
            if problem.kind is Kind.NO_KEY and problem.detail.startswith("HTTP "):
                raise StoreProblem(Kind.NO_STORE, problem.detail) from problem
            raise

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        at: Location,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator["ClientResponse"]:
        """The answer to a request, after the region and the credentials were corrected, if need be."""
        for correction in range(CORRECTIONS):
            version = self._access.version if self._access else 0
            async with self._sent(method, at, query or {}, headers or {}) as answer:
                if answer.status < 300:
                    yield answer
                    return
                problem = await _problem(answer)
            if correction == CORRECTIONS - 1 or not await self._corrected(problem, at.bucket, version):
                raise self._named(problem)

    @asynccontextmanager
    async def _sent(
        self, method: str, at: Location, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> AsyncIterator["ClientResponse"]:
        from aiohttp import ClientError
        from yarl import URL

        access, session = await self._ready()
        region = self._regions.get(at.bucket, access.region)
        url = _url(access.endpoint, region, at, query)
        payer = {"x-amz-request-payer": "requester"} if access.pays else {}
        sign = (method, url, region, {**headers, **payer})
        # Looking up credentials may take a second and ask the network; a signature alone takes 0.2 ms.
        signed = await asyncio.to_thread(access.sign, *sign) if access.needs_look_up else access.sign(*sign)
        target = URL(url, encoded=True)
        proxy = self._proxies.of(target) if self._proxies else None
        way: Any = {}
        if proxy is not None:
            # As with hosts of the web: its credentials are read by the proxy, and by a store never.
            is_tunnel = target.scheme == "https"
            way = {"proxy": proxy.url, "proxy_headers": proxy.headers if is_tunnel else None}
            signed |= {} if is_tunnel else proxy.headers
        try:
            # Whoever sends a byte of the header now and then is not waited for as for a body.
            async with asyncio.timeout(READ_S):
                answer = await session.request(method, target, headers=signed, allow_redirects=False, **way)
            async with answer:
                yield answer
        except (ClientError, TimeoutError, OSError) as error:
            raise _broken(error) from error

    async def _ready(self) -> tuple[Access, "ClientSession"]:
        async with self._lock:
            if self._access is None:
                with requiring("s3://", "cloud"):
                    import aiohttp  # noqa: F401
                self._access = await asyncio.to_thread(Access)
            if self._made is None:
                from lookalike.reading.web.proxies import Proxies

                self._proxies = Proxies.of_environment()
                self._made = _session(self._access)
            return self._access, self._made

    async def _corrected(self, problem: StoreProblem, bucket: str, version: int) -> bool:
        """Whether the same request, sent with credentials of this `version`, may now succeed."""
        assert self._access is not None
        if problem.kind is Kind.REGION and problem.region not in ("", self._regions.get(bucket, self._access.region)):
            self._regions[bucket] = problem.region
            if len(self._regions) > MAX_BUCKETS:
                self._regions.popitem(last=False)
            return True
        if problem.kind in (Kind.EXPIRED, Kind.CREDENTIALS) and not self._access.is_anonymous:
            has_others = await asyncio.to_thread(self._access.renew, version)
            return has_others or problem.kind is Kind.EXPIRED
        return False

    def _named(self, problem: StoreProblem) -> StoreProblem:
        if problem.kind is Kind.DENIED and self._access is not None and self._access.is_anonymous:
            return StoreProblem(Kind.NOT_SIGNED, problem.detail)
        if problem.kind is Kind.REGION and problem.region:
            return StoreProblem(Kind.REGION, problem.region)
        return problem


def _url(endpoint: str | None, region: str, at: Location, query: Mapping[str, str]) -> str:
    """With the bucket in the path for a store of one's own, and for a name that no certificate of AWS covers."""
    # Every byte but the unreserved ones is encoded, as the signature expects it.
    path = quote(at.key, safe="/-_.~")
    if endpoint is None:
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        is_name = "." not in at.bucket and "_" not in at.bucket and at.bucket == at.bucket.lower()
        host = f"s3.{region}.{domain}"
        base = f"https://{at.bucket}.{host}/" if is_name else f"https://{host}/{at.bucket}/"
    else:
        base = f"{endpoint}/{at.bucket}/"
    return base + path + (f"?{urlencode(sorted(query.items()), quote_via=quote, safe='-_.~')}" if query else "")


def _session(access: Access) -> "ClientSession":
    import aiohttp

    from lookalike.reading.connector import QuietConnector
    from lookalike.reading.web.names import SystemNames, UnguardedNames

    return aiohttp.ClientSession(
        auto_decompress=False,
        connector=QuietConnector(limit=MAX_CONNECTIONS, ssl=_context(access), resolver=UnguardedNames(SystemNames())),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("Accept-Encoding", "User-Agent"),
        timeout=aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=CONNECT_S, sock_read=READ_S),
    )


def _context(access: Access) -> ssl.SSLContext | bool:
    if access.endpoint is not None and access.endpoint.startswith("http://"):
        return True  # The default, of which nothing is used; making a context takes 30 ms.
    try:
        return ssl.create_default_context(cafile=access.ca_bundle)
    except OSError as error:
        what = f"Cannot read certificates from {shown(access.ca_bundle)}."
        raise BadSetting(what, "Correct AWS_CA_BUNDLE.") from error


def _check_range(answer: "ClientResponse", span: Span | None) -> None:
    """Raises StoreProblem unless the answer holds the bytes that were asked for: all, or those of a span."""
    if span is None and answer.status == 206:
        raise StoreProblem(Kind.REFUSED, "it sends a part of the object in place of all")
    if span is None:
        return
    if answer.status != 206:
        raise StoreProblem(Kind.REFUSED, "it sends no ranges")
    try:
        start, _ = part_of(answer.headers)
    except ValueError:
        start = -1
    if start != span.start:
        raise StoreProblem(Kind.REFUSED, "it sends another range than it was asked for")


async def _content(answer: "ClientResponse", max_bytes: int) -> bytes:
    """The body, which is counted: a length that a store claims decides only that it is too long already."""
    length = answer.content_length
    if length is not None and length > max_bytes:
        raise ImageRejected(Reason.TOO_LARGE, f"{length} bytes; at most {max_bytes} are read")
    data = bytearray()
    async for piece in _pieces(answer):
        data += piece
        if len(data) > max_bytes:
            raise ImageRejected(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
    if not data:
        raise ImageRejected(Reason.EMPTY, "0 bytes")
    return bytes(data)


async def _limited(answer: "ClientResponse", most: int) -> bytes:
    data = bytearray()
    async for piece in _pieces(answer):
        data += piece
        if len(data) > most:
            raise StoreProblem(Kind.REFUSED, "its answer is too long")
    return bytes(data)


async def _pieces(answer: "ClientResponse") -> AsyncIterator[bytes]:
    """The body as it comes, counted. Raises StoreProblem (SLOW)."""
    pace = Pace(PACE_S, LEAST_BYTES_PER_S)
    async for piece in answer.content.iter_any():
        try:
            await pace.take(len(piece))
        except TooSlow as error:
            raise StoreProblem(Kind.SLOW, str(error)) from error
        yield piece


async def _problem(answer: "ClientResponse") -> StoreProblem:
    """What the store says is wrong; its text counts as far as it comes, and may come in several pieces."""
    from aiohttp import ClientError

    body = bytearray()
    with suppress(ClientError, TimeoutError, OSError):
        async with asyncio.timeout(ERROR_S):
            while len(body) < MAX_ERROR_BYTES and (piece := await answer.content.readany()):
                body += piece
    headers, text = answer.headers, bytes(body[:MAX_ERROR_BYTES])
    return problem_of(answer.status, text, headers.get("x-amz-bucket-region", ""), headers.get("Retry-After", ""))


def _broken(error: BaseException) -> StoreProblem:
    from aiohttp import ClientConnectorCertificateError, ClientConnectorError, ClientSSLError

    if isinstance(error, ClientConnectorCertificateError | ClientSSLError | ssl.SSLCertVerificationError):
        return StoreProblem(Kind.UNTRUSTED)
    if isinstance(error, ClientConnectorError):
        host, number = error.host, error.os_error.errno
        if "getaddrinfo" in repr(error) or "DNS" in type(error).__name__:
            return StoreProblem(Kind.AWAY, f"no address for {host}")
        why = os.strerror(number).lower() if number and number > 0 else "no connection"
        return StoreProblem(Kind.AWAY, f"{host}:{error.port}: {why}")
    if isinstance(error, TimeoutError):
        return StoreProblem(Kind.AWAY, "no answer in time")
    return StoreProblem(Kind.FAILING, "the connection broke")
