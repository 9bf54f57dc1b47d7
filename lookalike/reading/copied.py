"""A temporary file with what can be read only once, or only from its start."""

import io
import os
from typing import Any, BinaryIO
from weakref import finalize


class _Shared:
    """A file that is closed when nobody holds this any more."""

    def __init__(self, file: BinaryIO) -> None:
        self.descriptor = file.fileno()
        finalize(self, file.close)


class CopiedFile(io.RawIOBase):
    """The copy from its start, or from anywhere; several readers may share the file, which is closed with the last
    one."""

    def __init__(self, file: "BinaryIO | CopiedFile", etag: str = "") -> None:
        self.etag = etag
        self._shared: _Shared = file._shared if isinstance(file, CopiedFile) else _Shared(file)
        self.size_bytes = os.fstat(self._shared.descriptor).st_size
        self._at = 0

    def again(self) -> "CopiedFile":
        """The same copy, for another reader."""
        return CopiedFile(self, self.etag)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("a position before the start")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._shared.descriptor, len(buffer), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
