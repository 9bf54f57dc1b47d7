"""Pictures small enough to be written into a page; knows how to get them only by what it is given."""

import base64
from collections.abc import Callable

from lookalike.errors import ImageRejected, Unavailable
from lookalike.images import DecodedImage, to_jpeg

Read = Callable[[str], bytes]
Decode = Callable[[bytes], DecodedImage]
#: A picture's uri -> a data URI, or None where it cannot be shown.
Thumbnail = Callable[[str], str | None]


def thumbnails(read: Read, decode: Decode) -> Thumbnail:
    """Each picture as the model sees it, squeezed to a square, and read once."""
    kept: dict[str, str | None] = {}

    def thumbnail(uri: str) -> str | None:
        if uri not in kept:
            kept[uri] = _encoded(uri, read, decode)
        return kept[uri]

    return thumbnail


def _encoded(uri: str, read: Read, decode: Decode) -> str | None:
    # It may have gone since it was embedded; the page shows its name instead.
    try:
        jpeg = to_jpeg(decode(read(uri)).pixels)
    except (ImageRejected, Unavailable):
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
