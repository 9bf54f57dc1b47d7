"""Takes the body of an answer: counted, at a least speed, and unpacked once at most."""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Mapping

import aiohttp

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.formats import kind_of
from lookalike.other_formats import description
from lookalike.reading.pace import Pace, TooSlow
from lookalike.reading.web.answers import declared_size, is_packed
from lookalike.reading.web.options import WebOptions
from lookalike.reading.web.unpacking import WINDOW_BITS, Unpacking
from lookalike.records import Reason

#: What tells a page from an image.
_HEAD_BYTES = 512
_PAGES = frozenset({"an HTML page", "an XML document", "a text"})


async def whole(response: aiohttp.ClientResponse, address: str, options: WebOptions) -> bytes:
    """The body. Raises ImageRejected (too_large, empty, not_an_image, unreadable) and HostUnavailable."""
    headers = response.headers
    if (declared_size(headers) or 0) > options.max_bytes:
        raise too_large(options.max_bytes)
    data = bytearray()
    is_checked = False
    async for piece in plain(response, address, options):
        data += piece
        if len(data) > options.max_bytes:
            raise too_large(options.max_bytes)
        if not is_checked and len(data) >= _HEAD_BYTES:
            is_checked = True
            check_page(bytes(data[:_HEAD_BYTES]), headers)
    if not data:
        raise ImageRejected(Reason.EMPTY, "0 bytes")
    check_page(bytes(data[:_HEAD_BYTES]), headers)
    return bytes(data)


async def part(response: aiohttp.ClientResponse, address: str, options: WebOptions, length: int) -> bytes:
    """The first `length` bytes of the body, or as many as there are."""
    data = bytearray()
    async for piece in raw(response, address, options):
        data += piece
        if len(data) >= length:
            break
    return bytes(data[:length])


def too_large(limit: int) -> ImageRejected:
    return ImageRejected(Reason.TOO_LARGE, f"more than {limit} bytes, which are the most that are read")


def check_page(head: bytes, headers: Mapping[str, str]) -> None:
    """Raises ImageRejected (not_an_image) for a page or a message, by content and not by the type that is claimed."""
    if kind_of(head) is not None:
        return
    named, _ = description(head)
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if named in _PAGES and media_type != "image/svg+xml":
        is_harmless = re.fullmatch(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", media_type)
        as_image = f", and calls it {media_type}" if media_type.startswith("image/") else f" ({media_type})"
        claimed = as_image if is_harmless else ""
        raise ImageRejected(Reason.NOT_AN_IMAGE, f"the host answers with {named}{claimed}")


async def plain(response: aiohttp.ClientResponse, address: str, options: WebOptions) -> AsyncIterator[bytes]:
    """The pieces of the body, unpacked if the host has packed it although it was not asked to."""
    if not is_packed(response.headers):
        async for piece in raw(response, address, options):
            yield piece
        return
    encoding = response.headers["Content-Encoding"].strip().lower()
    if encoding not in WINDOW_BITS:
        raise ImageRejected(Reason.UNREADABLE, "the host packs the image in a way that it was not asked for")
    unpacking = Unpacking(encoding)
    try:
        async for piece in raw(response, address, options):
            while piece:
                data, piece = unpacking.step(piece)
                yield data
                await asyncio.sleep(0)
    except zlib.error as error:
        raise ImageRejected(Reason.UNREADABLE, f"the host sends damaged {encoding}") from error
    if not unpacking.is_complete:
        raise HostUnavailable(address, "its answer ends early")


async def raw(response: aiohttp.ClientResponse, address: str, options: WebOptions) -> AsyncIterator[bytes]:
    """The pieces of the body as they come. Raises HostUnavailable for a slow one, and what aiohttp raises."""
    pace, count = Pace(options.pace_s, options.least_bytes_per_s), 0
    # Also what is unpacked to nothing has an end.
    limit = 2 * options.max_bytes + 2**20
    async for piece in response.content.iter_any():
        count += len(piece)
        if count > limit:
            raise too_large(options.max_bytes)
        await pace.add(len(piece))
        yield piece
        try:
            pace.check()
        except TooSlow as slow:
            raise HostUnavailable(address, str(slow)) from slow
