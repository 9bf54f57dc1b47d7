"""Google Cloud Storage and Azure as far as lookalike asks them: a listing, an object, a part of it, its header.

No package has an emulator of these stores. The answers are those of their documentation (the XML API of Google, and the
REST API of Azure's blobs), so a test against them shows what obstore asks and what we make of it, not that the
clouds answer so.
"""

from collections.abc import Callable, Mapping
from email.utils import formatdate
from urllib.parse import unquote
from xml.sax.saxutils import escape

from aiohttp import web

from testing.services.loopback import LoopbackServer

BUCKET = "shop"
ACCOUNT = "account"
PAGE_KEYS = 3


class CloudStub(LoopbackServer):
    """One bucket of Google at `/shop`, the same as a container of Azure at `/account/shop`."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        super().__init__()
        self._objects = dict(sorted(objects.items()))
        self.knows_conditions = True
        self.asked: list[web.BaseRequest] = []
        #: Whether each page of a listing has the same keys, and says that there are more.
        self.begins_again = False
        #: Answers in place of an object, if it returns one.
        self.fault: Callable[[web.BaseRequest], web.Response | None] = lambda request: None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request)
        if (answer := self.fault(request)) is not None:
            return answer
        path = unquote(request.raw_path.partition("?")[0])
        is_azure = path.startswith(f"/{ACCOUNT}/")
        bucket, _, key = path.removeprefix(f"/{ACCOUNT}").removeprefix("/").partition("/")
        if bucket != BUCKET:
            return error(404, "ContainerNotFound" if is_azure else "NoSuchBucket")
        if not key:
            return self._azure_page(request) if is_azure else self._google_page(request)
        return self._object(request, key, "BlobNotFound" if is_azure else "NoSuchKey")

    def _object(self, request: web.BaseRequest, key: str, missing: str) -> web.Response:
        content = self._objects.get(key)
        if content is None:
            return error(404, missing)
        wanted = request.headers.get("Range") or request.headers.get("x-ms-range")
        headers = {"ETag": f'"{len(content)}"', "Last-Modified": formatdate(0, usegmt=True)}
        if request.headers.get("If-None-Match") == headers["ETag"] and self.knows_conditions:
            return web.Response(status=304, headers=headers)
        if not wanted:
            return web.Response(body=content, headers=headers)
        start, end = (int(number) for number in wanted.removeprefix("bytes=").split("-"))
        if start >= len(content):
            return error(416, "InvalidRange")
        part = content[start : end + 1]
        headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(content)}"
        return web.Response(status=206, body=part, headers=headers)

    def _keys(self, request: web.BaseRequest, after: str) -> tuple[list[str], str]:
        prefix = request.query.get("prefix", "")
        if self.begins_again:
            return [key for key in self._objects if key.startswith(prefix)][:PAGE_KEYS], f"token-{len(self.asked)}"
        keys = [key for key in self._objects if key.startswith(prefix) and key > after]
        return keys[:PAGE_KEYS], keys[PAGE_KEYS - 1] if len(keys) > PAGE_KEYS else ""

    def _google_page(self, request: web.BaseRequest) -> web.Response:
        after = request.query.get("continuation-token") or request.query.get("start-after") or ""
        keys, following = self._keys(request, after)
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;{len(self._objects[key])}&quot;</ETag><Size>{len(self._objects[key])}</Size></Contents>"
            for key in keys
        )
        more = f"<NextContinuationToken>{escape(following)}</NextContinuationToken>" if following else ""
        return _xml(
            f"<ListBucketResult><IsTruncated>{str(bool(more)).lower()}</IsTruncated>{items}{more}</ListBucketResult>"
        )

    def _azure_page(self, request: web.BaseRequest) -> web.Response:
        keys, following = self._keys(request, request.query.get("marker", ""))
        items = "".join(
            f"<Blob><Name>{escape(key)}</Name><Properties><Last-Modified>{formatdate(0, usegmt=True)}</Last-Modified>"
            f"<Content-Length>{len(self._objects[key])}</Content-Length><Content-Type>image/jpeg</Content-Type>"
            f"<Etag>{len(self._objects[key])}</Etag></Properties></Blob>"
            for key in keys
        )
        return _xml(
            f"<EnumerationResults><Blobs>{items}</Blobs><NextMarker>{escape(following)}</NextMarker></EnumerationResults>"
        )


def error(status: int, code: str = "") -> web.Response:
    """An error as both stores write it."""
    return _xml(f"<Error><Code>{code}</Code><Message>secret</Message></Error>" if code else "", status)


def _xml(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text, content_type="application/xml")
