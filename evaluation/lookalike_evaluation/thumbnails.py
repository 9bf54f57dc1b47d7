"""Encodes images as small JPEG data URIs for a page."""

import base64
from collections.abc import Callable

from lookalike.errors import ImageRejected, Unavailable
from lookalike.images import DecodedImage, to_jpeg

Read = Callable[[str], bytes]
Decode = Callable[[bytes], DecodedImage]
#: Image URI -> data URI, or None if the image cannot be read.
Thumbnail = Callable[[str], str | None]


def thumbnails(read: Read, decode: Decode) -> Thumbnail:
    """Return a cached function that encodes an image as the model sees it: resized to a square."""
    cache: dict[str, str | None] = {}

    def thumbnail(uri: str) -> str | None:
        if uri not in cache:
            cache[uri] = _encoded(uri, read, decode)
        return cache[uri]

    return thumbnail


def _encoded(uri: str, read: Read, decode: Decode) -> str | None:
    # The file may be gone since it was embedded; the page then shows only its name.
    try:
        jpeg = to_jpeg(decode(read(uri)).pixels)
    except (ImageRejected, Unavailable):
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
