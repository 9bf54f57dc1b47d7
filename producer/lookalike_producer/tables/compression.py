"""Decompression as a stream, in bounded memory; content that is cut off is an error."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from lookalike import zstd
from lookalike.records import Reason
from lookalike.shown import clause
from lookalike_producer.tables.broken import TableBroken

_GZIP, _BZIP, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"


def decompressed(file: io.BufferedReader) -> BinaryIO:
    """The content, whatever the suffix says: people rename files. Reading raises what `errors` translates."""
    start = file.peek(8)[:8]
    if start.startswith(_GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if start.startswith(zstd.MAGIC):
        return zstd.opened(file)
    if start.startswith(_BZIP):
        return cast(BinaryIO, bz2.BZ2File(file))
    if start.startswith(_XZ):
        return cast(BinaryIO, lzma.LZMAFile(file))
    return file


def is_compressed(start: bytes) -> bool:
    """Whether a file that begins so is compressed."""
    return start.startswith((_GZIP, *zstd.MAGIC, _BZIP, _XZ))


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
