"""The connections to hosts: kept open for further requests, pinned to allowed addresses, with checked certificates."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from lookalike import networks
from lookalike.reading.connector import QuietConnector
from lookalike.reading.web.failures import translated
from lookalike.reading.web.names import GuardedNames, LookUp, SystemNames, UnguardedNames
from lookalike.reading.web.options import WebOptions
from lookalike.reading.web.proxies import Proxies, Proxy
from lookalike.roots import Grant, inward
from lookalike.tls import public_context

#: Hosts whose connections stay open without a request: each connection is an open file.
MOST_IDLE_HOSTS = 64
KEEP_ALIVE_S = 30.0


class _Key(NamedTuple):
    """Connections are shared only by uris that may use all of them."""

    origin: str
    grant: Grant
    has_proxy: bool


class _Pool:
    """The connections to one host."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.requests = 0


class Connections:
    """Sends one request at a time, without following redirects."""

    def __init__(self, options: WebOptions, look_up: LookUp, proxies: Proxies) -> None:
        self._options = options
        self._look_up = look_up
        self._system = SystemNames()
        self._proxies = proxies
        self._pools: OrderedDict[_Key, _Pool] = OrderedDict()
        self._context: ssl.SSLContext | None = None

    @asynccontextmanager
    async def request(
        self, method: str, url: str, grant: Grant, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer; its body can be read inside the block, where the errors of the connection are ours.

        Raises ImageRejected (outside_root, untrusted_host, not_found), HostUnavailable, MachineExhausted.
        """
        target = URL(url, encoded=True)
        host = target.raw_host or ""
        # aiohttp does not ask the resolver for what is an address already.
        if networks.parsed(host) is not None and not grant.allows(host, is_written=True):
            raise inward(host, url, grant)
        proxy = self._proxies.of(target)
        pool = self._pool(_Key(str(target.origin()), grant, proxy is not None), target.scheme)
        pool.requests += 1
        try:
            with translated(str(target.origin())):
                async with asyncio.timeout(self._options.answer_s):
                    if proxy is not None:
                        await self._check_name(host, url, grant)
                    response = await pool.session.request(
                        method, target, allow_redirects=False, **_by_way_of(proxy, target, headers)
                    )
                async with response:
                    yield response
        finally:
            pool.requests -= 1
            await self._close_idle()

    async def _check_name(self, host: str, url: str, grant: Grant) -> None:
        """For a proxy, which looks up names itself: refuse a name that leads inwards here. It may be unknown here."""
        if networks.parsed(host) is None:
            with suppress(OSError):
                found = await self._look_up(host)
                if not any(map(grant.allows, found)):
                    raise inward(host, url, grant)

    async def close(self) -> None:
        pools = list(self._pools.values())
        self._pools.clear()
        for pool in pools:
            await pool.session.close()

    def _pool(self, key: _Key, scheme: str) -> _Pool:
        if key not in self._pools:
            self._pools[key] = _Pool(self._session(key, scheme))
        self._pools.move_to_end(key)
        return self._pools[key]

    async def _close_idle(self) -> None:
        """Close the connections to hosts that were asked longest ago, if there are too many."""
        idle = [key for key, pool in self._pools.items() if not pool.requests]
        # Others do the same while one is closed.
        closing = [self._pools.pop(key) for key in idle[: max(len(self._pools) - MOST_IDLE_HOSTS, 0)]]
        for pool in closing:
            await pool.session.close()

    def _session(self, key: _Key, scheme: str) -> aiohttp.ClientSession:
        options = self._options
        if self._context is None:
            self._context = public_context(options.ca_certs)
        connector = QuietConnector(
            # The name of a proxy comes from the environment, and may lead inwards.
            resolver=UnguardedNames(self._system) if key.has_proxy else GuardedNames(self._look_up, key.grant, scheme),
            use_dns_cache=False,
            # Whoever uses a place bounds its requests, in all and by host.
            limit=0,
            ssl=self._context,
            keepalive_timeout=KEEP_ALIVE_S,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            # What the server packs is unpacked by us, counted.
            auto_decompress=False,
            headers={"User-Agent": options.user_agent, "Accept": "*/*", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=options.connect_s, sock_read=max(options.answer_s, options.pace_s)
            ),
        )


def _by_way_of(proxy: Proxy | None, target: URL, headers: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of a request. The credentials of a proxy go to nobody else: a host of https does not see them."""
    if proxy is None:
        return {"headers": headers}
    if target.scheme == "https":
        return {"headers": headers, "proxy": proxy.url, "proxy_headers": proxy.headers or None}
    return {"headers": {**headers, **proxy.headers}, "proxy": proxy.url}
