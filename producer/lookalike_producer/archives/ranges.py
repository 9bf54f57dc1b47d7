"""An archive that is being listed, as something that gives ranges of its bytes."""

import io
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, cast

from lookalike.errors import ImageRejected
from lookalike.reading.local import etag_of
from lookalike.records import FileTimes, Reason, Span
from lookalike.storage import kind_of_file, local_path, reason_of
from lookalike.uris import is_remote

if TYPE_CHECKING:
    from lookalike.reading.remote_file import RemoteFile


class Ranges(Protocol):
    """`size_bytes` and `etag` are those of the whole archive; fewer bytes than a span asks for mean that it ends
    there."""

    size_bytes: int
    etag: str

    def read(self, span: Span) -> bytes: ...


class LocalRanges:
    """A local file. Raises ImageRejected for what cannot be read."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        opened_at_ns, status = time.time_ns(), os.fstat(descriptor)
        self.size_bytes = status.st_size
        self.etag = etag_of(FileTimes(status.st_size, status.st_mtime_ns, status.st_ctime_ns), opened_at_ns)

    def read(self, span: Span) -> bytes:
        try:
            return os.pread(self._descriptor, span.length, span.start)
        except OSError as error:
            raise ImageRejected(reason_of(error), error.strerror or str(error)) from error


@contextmanager
def local_ranges(uri: str) -> Iterator[LocalRanges]:
    """Opens a local archive. Raises ImageRejected."""
    try:
        # Non-blocking, so that a FIFO in its place cannot hang this process.
        descriptor = os.open(local_path(uri), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ImageRejected(reason_of(error), error.strerror or str(error)) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise ImageRejected(Reason.NOT_REGULAR, f"not a file but {kind_of_file(mode)}")
        yield LocalRanges(descriptor)
    finally:
        os.close(descriptor)


class RemoteRanges:
    """An object of a store or a web host, of which the next block is always on its way."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        raw = cast("RemoteFile", file.raw)
        self.size_bytes, self.etag = raw.size_bytes, raw.etag

    def read(self, span: Span) -> bytes:
        self._file.seek(span.start)
        return self._file.read(span.length)


class Uncounted(Exception):
    """A remote archive is not read a second time only to count its members."""


@contextmanager
def counted_ranges(uri: str) -> Iterator[Ranges]:
    """Opens a local archive only. Raises ImageRejected, Uncounted."""
    if is_remote(uri):
        raise Uncounted(uri)
    with local_ranges(uri) as ranges:
        yield ranges


@contextmanager
def ranges_of(uri: str) -> Iterator[Ranges]:
    """Opens an archive wherever it lies. Raises ImageRejected, and SourceUnavailable if its place is away for long."""
    if not is_remote(uri):
        with local_ranges(uri) as ranges:
            yield ranges
        return
    # It loads asyncio, which local files do not need.
    from lookalike.reading.opened import MOST_AT_ONCE, open_remote

    with open_remote(uri, most_copied=MOST_AT_ONCE, unpacks=False) as file:
        yield RemoteRanges(file)
