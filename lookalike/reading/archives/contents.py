"""The content of one member, from where it lies in its archive."""

import re

from lookalike.errors import ImageRejected
from lookalike.reading.archives import tar, zip
from lookalike.reading.archives.member import Reads
from lookalike.reading.contract import MAX_AROUND
from lookalike.records import Reason, Span
from lookalike.uris import member_of

_SPAN = re.compile(r"#([0-9]{1,18})\+([0-9]{1,18})$")


def content(name: str, span: Span, max_bytes: int) -> Reads:
    """The content of the member that lies at `span` in a tar or zip; one read, rarely two.

    Raises ImageRejected: `changed` if another member is there, or none.
    """
    if span.length > max_bytes + MAX_AROUND:
        raise ImageRejected(Reason.TOO_LARGE, f"{span.length} bytes in the archive; at most {max_bytes} are read")
    data = yield span
    if data.startswith(zip.LOCAL_HEADER):
        return (yield from zip.content(data, name, span, max_bytes))
    return tar.content(data, name, span, max_bytes)


def etag_of(archive_etag: str, span: Span) -> str:
    """The etag of a member: it changes whenever the archive does. Empty if the archive has none."""
    return f"{archive_etag}#{span.start}+{span.length}" if archive_etag else ""


def span_in(uri: str, etag: str) -> Span | None:
    """Where a member lay when it had this etag; None for what is no member. Who reads it there checks that it is."""
    found = _SPAN.search(etag) if member_of(uri) else None
    return Span(int(found[1]), int(found[2])) if found else None


def of_archive(rejected: ImageRejected) -> ImageRejected:
    """Why a member is not read because of its archive: that tells nothing of the member, so its document stays."""
    if not rejected.reason.is_about_content:
        return rejected
    return ImageRejected(Reason.UNREADABLE, f"its archive: {rejected.detail or rejected.reason}")
