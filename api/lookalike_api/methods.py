"""ASGI middleware: what HTTP asks of every path (RFC 9110, 9.1): HEAD where there is GET, OPTIONS, and redirects that
also lead to the right place behind a proxy that strips a prefix of the path."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: In the order in which they are named.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")


def allowed_methods(routes: list[BaseRoute], scope: Scope) -> list[str]:
    """The methods of this path; none if there is no such path."""
    found = {method for method in ("GET", "POST") if any(_takes(route, method, scope) for route in routes)}
    if "GET" in found:
        found.add("HEAD")
    return [method for method in METHODS if method in found or (found and method == "OPTIONS")]


def _takes(route: BaseRoute, method: str, scope: Scope) -> bool:
    # The mounted files take every method, and answer one of them.
    is_possible = method == "GET" or not isinstance(route, Mount)
    return is_possible and route.matches({**scope, "method": method})[0] is Match.FULL


class Options:
    """Answers OPTIONS with the methods of the path. Where CORS is configured, it answers before."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            methods = list(METHODS) if scope["path"] == "*" else allowed_methods(scope["app"].routes, scope)
            if methods:
                app = Response(status_code=204, headers={"Allow": ", ".join(methods)})
        await app(scope, receive, send)


class HeadAsGet:
    """Answers HEAD as GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_head)


class RelativeRedirects:
    """Writes the redirects to and from a path that ends with a slash as relative ones."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_relative(message: Message) -> None:
            if message["type"] == "http.response.start" and 300 < message["status"] < 309 and message["status"] != 304:
                headers = MutableHeaders(scope=message)
                headers["Location"] = _relative(headers["Location"])
            await send(message)

        await self._app(scope, receive, send_relative)


def _relative(location: str) -> str:
    parts = urlsplit(location)
    *_, folder, last = parts.path.split("/")
    # From /docs/ to /docs, or from /page to /page/.
    path = f"../{last}" if last else f"./{folder}/"
    return path + (f"?{parts.query}" if parts.query else "")
