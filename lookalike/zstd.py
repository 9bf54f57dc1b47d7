"""Zstandard, which the base installation does not have."""

import io
import sys
from importlib import import_module
from typing import Any, BinaryIO, cast

from lookalike.extras import requiring

#: Python has it since 3.14; the package is the same for older ones.
_NAME = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
#: A frame that is skipped (RFC 8878, 3.1.2): its magic number ends with any of 16 digits, and comes as its first byte.
#: Compressors that work in parallel write one first.
_SKIPPED = tuple(bytes([0x50 + digit]) + b"\x2a\x4d\x18" for digit in range(16))
#: How a file begins.
MAGIC = (b"\x28\xb5\x2f\xfd", *_SKIPPED)
#: Memory for a frame, 128 MiB: what `zstd --long` needs.
_WINDOW_LOG_MAX = 27


def decompressor() -> Any:
    """For one frame; with the interface of `bz2.BZ2Decompressor`. Raises MissingExtra."""
    library = _library()
    return library.ZstdDecompressor(options=_options(library))


def opened(file: io.BufferedReader) -> BinaryIO:
    """The content of all frames. Reading raises EOFError where the file is cut off. Raises MissingExtra."""
    library = _library()
    return cast(BinaryIO, library.ZstdFile(file, options=_options(library)))


def errors() -> tuple[type[Exception], ...]:
    """The errors of the library; none before it is first used."""
    loaded: Any = sys.modules.get(_NAME)
    return (loaded.ZstdError,) if loaded else ()


def _library() -> Any:
    with requiring("A file that is packed with Zstandard", "parquet"):
        return import_module(_NAME)


def _options(library: Any) -> dict[Any, int]:
    return {library.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX}
