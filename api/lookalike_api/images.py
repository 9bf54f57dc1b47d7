"""The stored images' own bytes: only what the index holds is read, and only where the settings allow it."""

import re
from collections.abc import Callable

from starlette.exceptions import HTTPException

from lookalike import formats
from lookalike.errors import ImageRejected, NotStored
from lookalike.index import Index
from lookalike.storage import Storage
from lookalike_api.thumbnails import ThumbnailCache

#: What `document_id` makes; nothing else is asked for.
ID = re.compile(r"[0-9a-f]{40}")
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WebP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
}


class Stock:
    """Raises NotStored, what the index raises, SourceUnavailable, and 404 for a file that is not as it was."""

    def __init__(
        self, index: Index, storage: Storage, thumbnail: Callable[[bytes, int], bytes], cache: ThumbnailCache
    ) -> None:
        self._index = index
        self._storage = storage
        self._thumbnail = thumbnail
        self._cache = cache

    def hash(self, id: str) -> str:
        """SHA-256, in hexadecimal, of the bytes that were indexed."""
        stored = self._index.stored([id]) if ID.fullmatch(id) else {}
        if id not in stored:
            raise NotStored(id[:100], self._index.name)
        return stored[id].content_sha256

    def image(self, id: str) -> tuple[bytes, str]:
        """The bytes and their media type, which they tell themselves."""
        data = self._read(id)
        kind = formats.kind_of(data)
        if kind is None:
            raise _unreadable(id, "it is no image any more")
        return data, MEDIA_TYPES[kind]

    def thumbnail(self, id: str, size: int, key: str) -> bytes:
        """A JPEG whose longest side is `size` pixels at most; kept under `key`."""
        kept = self._cache.get(key)
        if kept is None:
            try:
                kept = self._thumbnail(self._read(id), size)
            except ImageRejected as error:
                raise _unreadable(id, error.reason) from error
            self._cache.put(key, kept)
        return kept

    def _read(self, id: str) -> bytes:
        document = self._index.get(id) if ID.fullmatch(id) else None
        if document is None:
            raise NotStored(id[:100], self._index.name)
        try:
            return self._storage.read(document.uri)
        except ImageRejected as error:
            # The detail names the folders of this machine.
            raise _unreadable(id, error.reason) from error


def _unreadable(id: str, why: str) -> HTTPException:
    return HTTPException(404, f"Image {id} is in the index, but its file cannot be shown: {why}.")
