"""ETags: whether a client already has what it asks for (RFC 9110, section 13.1.2)."""

import hashlib

from starlette.responses import Response


def etag_of(data: bytes) -> str:
    """The ETag of these bytes."""
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def has_version(if_none_match: str | None, tag: str) -> bool:
    """Whether the client's If-None-Match names this version."""
    known = (item.strip() for item in (if_none_match or "").split(","))
    return any(item in ("*", tag, "W/" + tag) for item in known)


def not_modified(tag: str, cache_control: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": cache_control})
