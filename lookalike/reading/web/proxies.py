"""The proxies of the environment, for hosts that are reached through one."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from aiohttp import encode_basic_auth
from yarl import URL

from lookalike.addresses import is_loopback
from lookalike.errors import BadSetting

_KNOWN = ("http", "https")


class Proxy(NamedTuple):
    """A proxy, and the header with its credentials, which is empty if there are none."""

    url: URL
    headers: Mapping[str, str]


class Proxies:
    """`variables` are those of `urllib.request.getproxies_environment`: scheme -> address, and `no` -> hosts."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._hosts = dict(variables)
        self._proxies = {scheme: proxy for scheme in _KNOWN if (proxy := self._parsed(scheme)) is not None}

    @classmethod
    def of_environment(cls) -> "Proxies":
        """Raises BadSetting for a proxy that cannot be used."""
        return cls(getproxies_environment())

    def of(self, url: URL) -> Proxy | None:
        """The proxy for a URL; None if the host is reached directly, as this machine always is."""
        host = url.raw_host or ""
        proxy = self._proxies.get(url.scheme)
        if proxy is None or is_loopback(host) or proxy_bypass_environment(host, self._hosts):
            return None
        return proxy

    def _parsed(self, scheme: str) -> Proxy | None:
        name = scheme if self._hosts.get(scheme) else "all"
        text = self._hosts.get(name)
        if not text:
            return None
        variable = f"{name.upper()}_PROXY"
        advice = f"Correct {variable}: http://host:port."
        try:
            url = URL(text if "://" in text else f"http://{text}")
        except ValueError as error:
            raise BadSetting(f"{variable} is no address of a proxy.", advice) from error
        if url.scheme not in _KNOWN or not url.raw_host:
            raise BadSetting(f"{variable} has the scheme {url.scheme}; only http and https are supported.", advice)
        credentials = encode_basic_auth(url.user, url.password or "") if url.user else ""
        return Proxy(url.with_user(None), {"Proxy-Authorization": credentials} if credentials else {})
