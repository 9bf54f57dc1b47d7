"""Who may ask, and what a browser may do with the answer: API key, host names, security headers; knows no route."""

import hmac
import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike_api.problems import problem

#: Paths that need no key: what a load balancer asks, and the page, which holds nothing but itself.
OPEN = re.compile(r"/|/health/.*|/page(/.*)?")
PAGES = re.compile(r"/|/page(/.*)?|/docs(/.*)?")

#: For what is not a page: nothing may be loaded or run, whatever the answer's bytes are taken for.
NOTHING = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": NOTHING,
    "Cache-Control": "no-store",
}
#: Names of this machine; others, which lead here all the same, belong to a web page that tries to pass for us.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class SecureHeaders:
    """Every answer carries HEADERS, unless its route set one itself; pages get the policy of pages."""

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


class KeyGuard:
    """Whoever does not show the key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`, sees only OPEN."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and not OPEN.fullmatch(scope["path"]) and not self._is_shown(Headers(scope=scope)):
            challenge = {"WWW-Authenticate": "Bearer"}
            app = problem(401, "Show the API key: Authorization: Bearer KEY, or X-API-Key: KEY.", challenge)
        await app(scope, receive, send)

    def _is_shown(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        shown = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        # Compared in a time that does not depend on how much of it is right.
        return hmac.compare_digest(shown.encode("latin-1"), self._key)


class HostGuard:
    """Answers only to these names. A service without a key that listens on this machine alone must not answer a web
    page whose own name was made to lead here (DNS rebinding): the browser would let that page read everything."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and _host(Headers(scope=scope).get("host", "")) not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            app = problem(421, f"This service is called {names} only, as long as no API key is set.")
        await app(scope, receive, send)


def _host(header: str) -> str:
    return re.sub(r":\d+$", "", header).lower()
