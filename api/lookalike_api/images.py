"""Serves the stored images: only those in the index, and only from places that the settings allow."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from lookalike import formats
from lookalike.errors import HostUnavailable, ImageRejected, NotIndexed, SourceUnavailable
from lookalike.index import Index
from lookalike.reading.archives.contents import span_in
from lookalike.reading.places import LOCAL, kind_of
from lookalike.reading.reader import Reader
from lookalike.records import ImageRef, Reason, Span
from lookalike_api.thumbnails import Failures, ThumbnailCache

#: A picture of another host is cached if it takes no larger share of the cache.
MOST_OF_CACHE = 1 / 16
#: Why an image cannot be shown, at the end of a sentence; other reasons say it themselves.
WHY = {
    Reason.NOT_FOUND: "it is not there any more (not_found)",
    Reason.OUTSIDE_ROOT: "this service may not read its place (outside_root); LOOKALIKE_ROOTS says what it may read",
    Reason.FORBIDDEN: "its place denies access (forbidden)",
    Reason.DISALLOWED: "its host asks programs to keep away (disallowed)",
    Reason.UNTRUSTED_HOST: "the certificate of its host does not verify (untrusted_host)",
    Reason.NOT_AN_IMAGE: "its host sends a page or a message instead (not_an_image)",
}
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
    """Reads images by id. Every method raises NotIndexed and the index's errors; those that read the image also raise
    HostUnavailable, SourceUnavailable, and HTTPException 404 if it changed so that it cannot be shown.

    `remote_limit_s`: seconds for an image that lies on another host.
    """

    def __init__(
        self,
        index: Index,
        reader: Reader,
        make_thumbnail: Callable[[bytes, int], bytes],
        cache: ThumbnailCache,
        *,
        remote_limit_s: float,
    ) -> None:
        self._index = index
        self._reader = reader
        self._make_thumbnail = make_thumbnail
        self._cache = cache
        self._failures = Failures()
        self._remote_limit_s = remote_limit_s

    def close(self) -> None:
        """Close the connections to other hosts."""
        self._reader.close()

    def find(self, id: str) -> "StoredFile":
        """Where an image lies. A local file is looked at: what is gone is not shown from a cache. Another host is not
        asked: what was indexed from there is shown from the cache."""
        document = self._index.get(id) if ID.fullmatch(id) else None
        if document is None:
            raise NotIndexed(id[:100], self._index.name)
        uri, is_remote = document.uri, kind_of(document.uri) != LOCAL
        state: object = (document.etag, document.content_sha256)
        if not is_remote:
            with _readable(id):
                state = self._reader.times(uri)
        version = hashlib.sha256(f"{uri} {state}".encode("utf-8", "replace")).hexdigest()[:32]
        return StoredFile(id, uri, version, is_remote, span_in(uri, document.etag))

    def original(self, file: "StoredFile") -> tuple[bytes, str]:
        """The bytes of the file, and their media type."""
        with _readable(file.id):
            data = self._read(file)
        kind = formats.kind_of(data)
        if kind is None:
            raise _unreadable(file.id, "it is not an image any more")
        return data, MEDIA_TYPES[kind]

    def thumbnail(self, file: "StoredFile", size: int) -> bytes:
        """A JPEG whose longest side is at most `size` pixels; cached."""
        thumbnail = self.cached_thumbnail(file, size)
        if thumbnail is None:
            with _readable(file.id):
                thumbnail = self._make_thumbnail(self._read(file), size)
            self._cache.put(f"{file.version}-{size}", thumbnail)
        return thumbnail

    def cached_thumbnail(self, file: "StoredFile", size: int) -> bytes | None:
        """The thumbnail, if it was made before."""
        return self._cache.get(f"{file.version}-{size}")

    def _read(self, file: "StoredFile") -> bytes:
        if not file.is_remote:
            return self._reader.read(file.uri)
        # One request serves the thumbnail and the picture that a visitor opens next.
        data = self._cache.get(file.version)
        if data is None:
            data = self._fetched(file)
            self._cache.put(file.version, data, share=MOST_OF_CACHE)
        return data

    def _fetched(self, file: "StoredFile") -> bytes:
        self._failures.check(file.version)
        try:
            return self._reader.fetch(ImageRef(file.uri, span=file.span), self._remote_limit_s).data
        except (ImageRejected, HostUnavailable, SourceUnavailable) as error:
            self._failures.add(file.version, error)
            raise


@dataclass(frozen=True)
class StoredFile:
    """The file of a stored image. `version` changes with its content. `is_remote`: reading it may take long. `span` is
    where a member of an archive lay when it was indexed: without it, all of the archive would be looked through."""

    id: str
    uri: str
    version: str
    is_remote: bool = False
    span: Span | None = None


@contextmanager
def _readable(id: str) -> Iterator[None]:
    try:
        yield
    except ImageRejected as error:
        # Without the detail, which names folders of this machine.
        raise _unreadable(id, WHY.get(error.reason, error.reason)) from error


def _unreadable(id: str, why: str) -> HTTPException:
    return HTTPException(404, f"Image {id} is in the index, but its file cannot be shown: {why}.")
