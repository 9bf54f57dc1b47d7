"""ASGI middleware: the API key, the allowed host names, and security headers."""

import hmac
import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike_api.problems import problem

#: Paths that need no key: the health checks of load balancers, and the page, which contains no data.
OPEN = re.compile(r"/|/health/.*|/page(/.*)?")
PAGES = re.compile(r"/|/page(/.*)?|/docs(/.*)?")

#: For answers that are not pages: a browser must load and run nothing, whatever it takes the bytes for.
NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": NO_CONTENT_POLICY,
    "Cache-Control": "no-store",
}
#: The names of this machine. Any other name that resolves to it may belong to a hostile web page.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class SecurityHeaders:
    """Adds HEADERS to every response whose route did not set them; pages get PAGE_POLICY."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if PAGES.fullmatch(scope["path"]):
                    headers["Content-Security-Policy"] = PAGE_POLICY
                    headers.setdefault("Cache-Control", "no-cache")
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class ApiKeyCheck:
    """Requires the key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`, for every path that is not OPEN."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and not OPEN.fullmatch(scope["path"]) and not self._has_key(Headers(scope=scope)):
            challenge = {"WWW-Authenticate": "Bearer"}
            app = problem(401, "Send the API key: Authorization: Bearer KEY, or X-API-Key: KEY.", challenge)
        await app(scope, receive, send)

    def _has_key(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        # In constant time: the duration must not tell how much of the key is right.
        return hmac.compare_digest(key.encode("latin-1"), self._key)


class AllowedHosts:
    """Answers only requests for these host names, against DNS rebinding: a hostile web page may point its own name at
    this machine, and could then read everything that a service without a key returns.

    Starlette's TrustedHostMiddleware answers a plain 400, which neither the page nor the client could explain.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and _host(Headers(scope=scope).get("host", "")) not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            app = problem(421, f"Without an API key, this service answers only to the host names {names}.")
        await app(scope, receive, send)


def _host(header: str) -> str:
    return re.sub(r":\d+$", "", header).lower()
