"""Serves the stored images: only those in the index, and only from folders that the settings allow."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from lookalike import formats
from lookalike.errors import ImageRejected, NotIndexed
from lookalike.index import Index
from lookalike.reading.reader import Reader
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
    # Few browsers show these; a program that downloads one gets the file as it is.
    "HEIF": "image/heic",
    "JXL": "image/jxl",
    "RAF": "image/x-fuji-raf",
    "RW2": "image/x-panasonic-rw2",
    "ORF": "image/x-olympus-orf",
    "CR3": "image/x-canon-cr3",
}


class StoredImages:
    """Reads images by id. Every method raises NotIndexed and the index's errors; those that read the file also raise
    SourceUnavailable, and HTTPException 404 if the file changed so that it cannot be shown."""

    def __init__(
        self, index: Index, reader: Reader, make_thumbnail: Callable[[bytes, int], bytes], cache: ThumbnailCache
    ) -> None:
        self._index = index
        self._reader = reader
        self._make_thumbnail = make_thumbnail
        self._cache = cache

    def find(self, id: str) -> "StoredFile":
        """The file of an image, as it is now: what is gone is not shown from a cache."""
        uri = self._uri(id)
        with _readable(id):
            times = self._reader.times(uri)
        return StoredFile(id, uri, hashlib.sha256(f"{uri} {times}".encode("utf-8", "replace")).hexdigest()[:32])

    def original(self, id: str) -> tuple[bytes, str]:
        """The bytes of the file, and their media type."""
        uri = self._uri(id)
        with _readable(id):
            data = self._reader.read(uri)
        kind = formats.kind_of(data)
        if kind is None:
            raise _unreadable(id, "it is not an image any more")
        return data, MEDIA_TYPES[kind]

    def thumbnail(self, file: "StoredFile", size: int) -> bytes:
        """A JPEG whose longest side is at most `size` pixels; cached."""
        key = f"{file.version}-{size}"
        thumbnail = self._cache.get(key)
        if thumbnail is None:
            with _readable(file.id):
                thumbnail = self._make_thumbnail(self._reader.read(file.uri), size)
            self._cache.put(key, thumbnail)
        return thumbnail

    def _uri(self, id: str) -> str:
        document = self._index.get(id) if ID.fullmatch(id) else None
        if document is None:
            raise NotIndexed(id[:100], self._index.name)
        return document.uri


@dataclass(frozen=True)
class StoredFile:
    """The file of a stored image. `version` changes with its content."""

    id: str
    uri: str
    version: str


@contextmanager
def _readable(id: str) -> Iterator[None]:
    try:
        yield
    except ImageRejected as error:
        # Without the detail, which names folders of this machine.
        raise _unreadable(id, error.reason) from error


def _unreadable(id: str, why: str) -> HTTPException:
    return HTTPException(404, f"Image {id} is in the index, but its file cannot be shown: {why}.")
