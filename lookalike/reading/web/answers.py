"""What the status and the header of an answer say."""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urldefrag, urljoin

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.reading.contract import State, etag_text
from lookalike.records import Reason
from lookalike.uris import WEB_SCHEMES, scheme_of, web_url

REDIRECTS = frozenset({301, 302, 303, 307, 308})
NOT_MODIFIED = 304
#: Longer waits that a host asks for count as this long.
MOST_RETRY_AFTER_S = 3600.0

_REASONS = {
    **dict.fromkeys((404, 410), Reason.NOT_FOUND),
    **dict.fromkeys((401, 402, 403, 407, 451), Reason.FORBIDDEN),
    **dict.fromkeys((204, 205), Reason.EMPTY),
    **dict.fromkeys((414, 431), Reason.BAD_URI),
}
#: The host may answer otherwise soon. 202, 408 and 425 say so, 429 and 503 often say when.
_TEMPORARY = frozenset({202, 408, 421, 425, 429})
#: Of the 5xx, those that say that the host will never do this.
_NEVER = frozenset({501, 505, 511})

#: Bytes of a header that are not UTF-8, as aiohttp gives them: a host may write its paths in Latin-1.
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
#: An entity tag, weak or not (RFC 9110, 8.8.3), of ASCII characters.
_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')
#: What `state_of` makes of a date and a size.
_DATED = re.compile(r'W/"([A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT) \d+"')


def check_status(status: int, headers: Mapping[str, str], address: str, *, asked_for_part: bool = False) -> None:
    """Raises ImageRejected or HostUnavailable unless the body of the answer is what was asked for."""
    if status in (200, 203) or (status == 206 and asked_for_part):
        return
    if status == NOT_MODIFIED:
        why = f"{address} answers 304 (not modified), although it was not asked whether the image has changed"
        raise ImageRejected(Reason.UNREADABLE, why)
    if status in _TEMPORARY or (status >= 500 and status not in _NEVER):
        raise HostUnavailable(address, f"it answers {status}", retry_after_s(headers))
    raise ImageRejected(_REASONS.get(status, Reason.UNREADABLE), f"{address} answers {status}")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long the host asks to wait, by Retry-After in seconds or as a date (RFC 9110, 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,12}", text, re.ASCII):
        return min(float(text), MOST_RETRY_AFTER_S)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MOST_RETRY_AFTER_S)


def _percent(found: re.Match[str]) -> str:
    return f"%{ord(found[0]) - 0xDC00:02X}"


def next_url(url: str, headers: Mapping[str, str]) -> str:
    """Where a redirect leads. Raises ImageRejected for what is not followed."""
    try:
        # In the one form of addresses, relative ones as well; no host names a member of an archive.
        joined, _ = urldefrag(urljoin(url, _NOT_UTF8.sub(_percent, headers["Location"])))
        if scheme_of(joined) not in WEB_SCHEMES:
            raise ImageRejected(Reason.OUTSIDE_ROOT, "it redirects to something that is no web address")
        target = web_url(joined)
    except ValueError as error:
        raise ImageRejected(Reason.BAD_URI, f"it redirects to an address that cannot be used: {error}") from error
    if url.startswith("https:") and not target.startswith("https:"):
        raise ImageRejected(
            Reason.UNTRUSTED_HOST, "it redirects from https to http, which anybody on the way can change"
        )
    return target


def state_of(headers: Mapping[str, str], size_bytes: int | None) -> State:
    """The etag: the server's entity tag, or date and size marked as weak; empty if the server says neither."""
    tag = etag_text(headers.get("ETag", ""))
    if not tag and (modified := etag_text(headers.get("Last-Modified", ""))[:64]) and size_bytes is not None:
        tag = f'W/"{modified} {size_bytes}"'
    return State(tag, size_bytes)


def declared_size(headers: Mapping[str, str]) -> int | None:
    """The size that a header claims for the body; None if it claims none, or of a compressed body."""
    text = headers.get("Content-Length", "")
    return int(text) if not is_packed(headers) and re.fullmatch(r"\d{1,18}", text, re.ASCII) else None


def is_packed(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Encoding", "").strip().lower() not in ("", "identity")


def condition(etag: str) -> dict[str, str] | None:
    """The header with which a host sends an image only if its etag, as `state_of` has told it, is another one now; None
    if there is no such header."""
    if dated := _DATED.fullmatch(etag):
        return {"If-Modified-Since": dated[1]}
    return {"If-None-Match": etag} if _ENTITY_TAG.fullmatch(etag) else None


def says_same(headers: Mapping[str, str], etag: str) -> bool:
    """Whether a 304 is about the content with this etag. It need not repeat the etag, but must not tell another one;
    tags are compared as weak ones (RFC 9110, 13.1.2)."""
    told = headers.get("ETag", "").strip()
    return not told or bool(_DATED.fullmatch(etag)) or told.removeprefix("W/") == etag.removeprefix("W/")
