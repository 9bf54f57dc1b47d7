"""ASGI middleware: from which names and from which web pages a service without a key may be used."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from lookalike.addresses import is_loopback
from lookalike_api.problems import problem

#: What another page may let a person open: pages without data, which start nothing.
PAGES = re.compile(r"/|/duplicates|/map|/page(/.*)?|/docs(/.*)?")
#: What a page of an allowed origin shows with <img>, which sends no Origin.
IMAGES = re.compile(r"/images/.+")


class LocalHosts:
    """Answers only requests for names of this machine, against DNS rebinding: a hostile web page may point its own name
    at this machine, and could then read everything that a service without a key returns.

    An address is no name, so no page can take it. Starlette's TrustedHostMiddleware knows no address ranges, and
    answers a plain 400, which neither the page nor the client could explain.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and not is_loopback(host_of(Headers(scope=scope).get("host", ""))):
            app = problem(421, "Without an API key, this service answers only to localhost and addresses of loopback.")
        await app(scope, receive, send)


class ForeignPages:
    """Refuses requests that web pages of other origins cause: a browser sends them without asking, although the page
    cannot read the answer, and a search or a thumbnail costs time.

    Browsers say who asks: `Sec-Fetch-Site` where they trust the address (loopback, https), and `Origin` with a POST.
    Programs send neither. With `is_local`, an Origin must name the host that is asked; elsewhere a proxy may have
    changed the name of the host.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str], is_local: bool) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._is_local = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and not self._is_welcome(scope["method"], scope["path"], Headers(scope=scope)):
            app = problem(
                403, "Pages of other origins may not use this service: allow them with LOOKALIKE_CORS_ORIGINS."
            )
        await app(scope, receive, send)

    def _is_welcome(self, method: str, path: str, headers: Headers) -> bool:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if origin is not None and (origin in self._origins or "*" in self._origins):
            return True
        if site is not None:
            return site in ("same-origin", "none") or self._may_show(method, path, headers)
        return origin is None or not self._is_local or _authority(origin) == headers.get("host", "").lower()

    def _may_show(self, method: str, path: str, headers: Headers) -> bool:
        """Whether a page of another origin may link to this, or show it."""
        if method not in ("GET", "HEAD"):
            return False
        if PAGES.fullmatch(path):
            return True
        referer = headers.get("referer")
        is_shown = bool(self._origins and IMAGES.fullmatch(path) and headers.get("origin") is None)
        return is_shown and (referer is None or "*" in self._origins or _origin(referer) in self._origins)


def host_of(header: str) -> str:
    """The name or address in a Host header, without port, brackets and the dot of a full name."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::\d*)?", header)
    if bracketed:
        return bracketed[1]
    return header if header.count(":") > 1 else re.sub(r":\d*$", "", header)


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
