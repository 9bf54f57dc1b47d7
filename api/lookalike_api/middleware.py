"""ASGI middleware: the API key and security headers."""

import hmac
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike_api.origins import IMAGES, PAGES
from lookalike_api.prefix import prefix_of
from lookalike_api.problems import problem

#: Paths that need no key: the health checks of load balancers; the page and the documentation, which contain no data,
#: because a browser that opens an address sends no key.
OPEN = re.compile(r"/|/duplicates|/map|/health/.*|/page(/.*)?|/docs(/.*)?|/openapi\.json")

#: For answers that are not pages: a browser must load and run nothing, whatever it takes the bytes for.
NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: A page that knows its prefix has a <base>.
PREFIXED_POLICY = PAGE_POLICY.replace("base-uri 'none'", "base-uri 'self'")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": NO_CONTENT_POLICY,
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """Adds HEADERS to every response whose route did not set them; pages get PAGE_POLICY.

    With `has_origins`, pages of other origins are allowed, which show stored images with <img>: the request does not
    tell their origin. Every answer says which headers it depends on, so that no cache gives an answer to such a request
    to a script, which may not read it, or one for a key to somebody without it.
    """

    def __init__(self, app: ASGIApp, has_origins: bool, has_key: bool) -> None:
        self._app = app
        self._has_origins = has_origins
        self._varies = ["Origin"] * has_origins + ["Authorization", "X-API-Key"] * has_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if PAGES.fullmatch(scope["path"]):
                    headers["Content-Security-Policy"] = PREFIXED_POLICY if prefix_of(scope) else PAGE_POLICY
                    headers.setdefault("Cache-Control", "no-cache")
                if self._has_origins and IMAGES.fullmatch(scope["path"]):
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                told = {name.strip().lower() for name in headers.get("Vary", "").split(",")}
                for name in self._varies:
                    if name.lower() not in told:
                        headers.add_vary_header(name)
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
