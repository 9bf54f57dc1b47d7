"""An archive that is being listed, as something that gives ranges of its bytes."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from lookalike.errors import ImageRejected
from lookalike.reading.local import etag_of
from lookalike.records import FileTimes, Reason, Span
from lookalike.storage import kind_of_file, local_path, reason_of


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
