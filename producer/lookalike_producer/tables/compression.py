"""Decompression as a stream, in bounded memory; content that is cut off is an error."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from lookalike import zstd
from lookalike.records import Reason
from lookalike.shown import clause
from lookalike_producer.tables.broken import TableBroken

#: A frame that is skipped (RFC 8878, 3.1.2): its magic number ends with any of 16 digits, and comes as its first byte.
_SKIPPED = tuple(bytes([0x50 + digit]) + b"\x2a\x4d\x18" for digit in range(16))
_GZIP, _ZSTD, _BZIP, _XZ = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0"
#: A block of Zstandard gives at most 128 KiB for 4 bytes (RFC 8878, 3.1.1.2), so this gives at most 16 MiB.
_PIECE = 512
#: Memory for a frame of Zstandard: what its specification asks decoders to support at the highest usual level.
_WINDOW = 2**27


def decompressed(file: io.BufferedReader) -> BinaryIO:
    """The content, whatever the suffix says: people rename files. Reading raises what `errors` translates."""
    start = file.peek(8)[:8]
    if start.startswith(_GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if start.startswith((_ZSTD, *_SKIPPED)):
        return io.BufferedReader(_Zstandard(file), io.DEFAULT_BUFFER_SIZE)
    if start.startswith(_BZIP):
        return cast(BinaryIO, bz2.BZ2File(file))
    if start.startswith(_XZ):
        return cast(BinaryIO, lzma.LZMAFile(file))
    return file


def is_compressed(start: bytes) -> bool:
    """Whether a file that begins so is compressed."""
    return start.startswith((_GZIP, _ZSTD, *_SKIPPED, _BZIP, _XZ))


@contextmanager
def errors() -> Iterator[None]:
    """Raises TableBroken in place of the errors of the decompressors."""
    try:
        yield
    except EOFError as error:
        raise TableBroken(Reason.TRUNCATED, "is cut off: its compressed data have no end") from error
    except (zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise _corrupt(error) from error
    except zstd.errors() as error:
        raise _corrupt(error) from error
    except OSError as error:
        # bz2 has no error of its own.
        if error.errno is None:
            raise _corrupt(error) from error
        raise


def _corrupt(error: Exception) -> TableBroken:
    return TableBroken(Reason.CORRUPT, f"cannot be decompressed: {clause(error)}")


class _Zstandard(io.RawIOBase):
    """Frames of Zstandard. The library's own reader ends silently where a file is cut off."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame: Any = None
        self._rest = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            piece = self._rest or self._file.read(_PIECE)
            self._rest = b""
            if not piece:
                if self._frame is not None:
                    raise EOFError
                return 0
            self._frame = self._frame or zstd.library().ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
            self._ready = memoryview(self._frame.decompress(piece))
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count
