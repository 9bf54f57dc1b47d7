"""A temporary file with what can be read only once, or only from its start."""

import os
from typing import Any, BinaryIO
from weakref import finalize

from lookalike.reading.positioned import PositionedFile


class _Shared:
    """A file that is closed when nobody holds this any more."""

    def __init__(self, file: BinaryIO) -> None:
        self.descriptor = file.fileno()
        finalize(self, file.close)


class CopiedFile(PositionedFile):
    """The copy from its start, or from anywhere; several readers may share the file, which is closed with the last
    one."""

    def __init__(self, file: "BinaryIO | CopiedFile", etag: str = "") -> None:
        self.etag = etag
        self._shared: _Shared = file._shared if isinstance(file, CopiedFile) else _Shared(file)
        super().__init__(os.fstat(self._shared.descriptor).st_size)

    def again(self) -> "CopiedFile":
        """The same copy, for another reader."""
        return CopiedFile(self, self.etag)

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._shared.descriptor, len(buffer), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
