"""ASGI middleware: what a proxy says of a request that it forwards. It counts only from proxies that are trusted."""

from collections.abc import Collection, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, cast

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from lookalike.addresses import path_prefix
from lookalike_api.middleware import HEADERS
from lookalike_api.prefix import set_prefix
from lookalike_api.problems import problem

HEADER = "X-Forwarded-Prefix"


class Forwarded:
    """Takes the client and the scheme of a request from X-Forwarded-For and X-Forwarded-Proto, and the prefix of its
    path from X-Forwarded-Prefix, or else from `root_path`.

    The application sees each path without the prefix, whether the proxy strips it or not, so that what decides who may
    see a path has one form of it to look at. A path that begins with the prefix loses it, unless the prefix begins with
    one of `names`, the first segments of the application's own paths: there, the proxy has to strip it.
    """

    def __init__(self, app: ASGIApp, root_path: str, proxies: Sequence[str], names: Collection[str]) -> None:
        self._app = cast(ASGIApp, ProxyHeadersMiddleware(cast(Any, app), [*proxies])) if proxies else app
        self._networks = [ip_network(proxy) for proxy in proxies]
        self._root_path = root_path
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http":
            told = Headers(scope=scope).getlist(HEADER) if self._is_trusted(scope) else []
            try:
                self._set_prefix(scope, path_prefix(",".join(told).strip()) if told else self._root_path)
            except ValueError as error:
                app = problem(400, f"{HEADER} cannot be used: {error}.", HEADERS)
        await app(scope, receive, send)

    def _is_trusted(self, scope: Scope) -> bool:
        """Whether a trusted proxy has sent this request. Its address is written in IPv4, if it is one."""
        if not self._networks or not scope.get("client"):
            return False
        host, port = scope["client"]
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
            scope["client"] = (str(address), port)
        return any(address in network for network in self._networks)

    def _set_prefix(self, scope: Scope, prefix: str) -> None:
        # In place: the log of the server reads this scope.
        set_prefix(scope, prefix)
        path: str = scope["path"]
        if prefix and prefix.split("/")[1] not in self._names and f"{path}/".startswith(f"{prefix}/"):
            scope["path"] = path.removeprefix(prefix) or "/"
            scope["raw_path"] = scope.get("raw_path", b"").removeprefix(prefix.encode()) or b"/"
