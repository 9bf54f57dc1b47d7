"""A temporary file without a name, which is gone with this process, for what cannot be read where it lies."""

import errno
import os
import tempfile

from lookalike.errors import DiskFull
from lookalike.records import Span


class Scratch:
    """Written from its start, read from anywhere. Raises DiskFull."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="lookalike-", buffering=0)  # noqa: SIM115 - open as long as this

    def read(self, span: Span) -> bytes:
        return os.pread(self._file.fileno(), span.length, span.start)

    def write(self, piece: bytes) -> None:
        try:
            while piece:
                piece = piece[self._file.write(piece) :]
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise DiskFull(
                f"An archive does not fit into {tempfile.gettempdir()}: {error.strerror}.",
                "Set TMPDIR to a larger disk, or make tars that are not compressed: their members are read in place.",
            ) from error

    def close(self) -> None:
        self._file.close()
