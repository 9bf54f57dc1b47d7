"""The pages that people open: files of the folder `page`, which know the prefix under which a proxy serves them."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from lookalike_api.etags import etag_of, has_version, not_modified
from lookalike_api.prefix import prefix_of

PAGE = Path(__file__).parent / "page"
#: A browser asks each time, and is told if it has the page.
CACHING = "no-cache"


def html_page(request: Request, name: str) -> Response:
    """The page. Its addresses are relative. Those of the page at / are so to the prefix, if it is known: a proxy may
    serve that page at /photos, without a slash, where they would lead elsewhere."""
    text = (PAGE / name).read_text()
    prefix = prefix_of(request.scope)
    if prefix and request.scope["path"] == "/":
        text = text.replace("<head>", f'<head>\n    <base href="{prefix}/">', 1)
    tag = etag_of(text.encode())
    if has_version(request.headers.get("If-None-Match"), tag):
        return not_modified(tag, CACHING)
    return HTMLResponse(text, headers={"ETag": tag, "Cache-Control": CACHING})
