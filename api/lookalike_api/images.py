"""Serves the stored images: only those in the index, and only from folders that the settings allow."""

import re
from collections.abc import Callable

from starlette.exceptions import HTTPException

from lookalike import formats
from lookalike.errors import ImageRejected, NotIndexed
from lookalike.index import Index
from lookalike.storage import Storage
from lookalike_api.thumbnails import ThumbnailCache

#: The form of the ids that `document_id` makes; the index is not queried for other ids.
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


class StoredImages:
    """Reads images by id. Every method raises NotIndexed and the index's errors; those that read the file also raise
    SourceUnavailable, and HTTPException 404 if the file changed so that it cannot be shown."""

    def __init__(
        self, index: Index, storage: Storage, make_thumbnail: Callable[[bytes, int], bytes], cache: ThumbnailCache
    ) -> None:
        self._index = index
        self._storage = storage
        self._make_thumbnail = make_thumbnail
        self._cache = cache

    def content_hash(self, id: str) -> str:
        """SHA-256, in hexadecimal, of the bytes that were indexed."""
        stored = self._index.stored([id]) if ID.fullmatch(id) else {}
        if id not in stored:
            raise NotIndexed(id[:100], self._index.name)
        return stored[id].content_sha256

    def original(self, id: str) -> tuple[bytes, str]:
        """The bytes of the file, and their media type."""
        data = self._read(id)
        kind = formats.kind_of(data)
        if kind is None:
            raise _unreadable(id, "it is not an image any more")
        return data, MEDIA_TYPES[kind]

    def thumbnail(self, id: str, size: int, key: str) -> bytes:
        """A JPEG whose longest side is at most `size` pixels; cached under `key`."""
        thumbnail = self._cache.get(key)
        if thumbnail is None:
            try:
                thumbnail = self._make_thumbnail(self._read(id), size)
            except ImageRejected as error:
                raise _unreadable(id, error.reason) from error
            self._cache.put(key, thumbnail)
        return thumbnail

    def _read(self, id: str) -> bytes:
        document = self._index.get(id) if ID.fullmatch(id) else None
        if document is None:
            raise NotIndexed(id[:100], self._index.name)
        try:
            return self._storage.read(document.uri)
        except ImageRejected as error:
            # Without the detail, which names folders of this machine.
            raise _unreadable(id, error.reason) from error


def _unreadable(id: str, why: str) -> HTTPException:
    return HTTPException(404, f"Image {id} is in the index, but its file cannot be shown: {why}.")
