"""Standard input, which can be read only once: what it holds, and a copy of it."""

import re
import shutil
import sys
import tempfile
from typing import BinaryIO
from weakref import WeakKeyDictionary

from lookalike.errors import DiskFull
from lookalike.reading.copied import CopiedFile

#: An object begins, perhaps behind a mark of its encoding, and with nulls as UTF-16 has them.
_OBJECT = re.compile(rb"[\xef\xbb\xbf\xff\xfe\s\0]*\{[\s\0]*[\"}]").match

_copies: "WeakKeyDictionary[BinaryIO, CopiedFile]" = WeakKeyDictionary()


def is_json() -> bool:
    """Whether there are JSON lines on standard input; waits for its first bytes, and takes none."""
    stdin: BinaryIO = sys.stdin.buffer
    if stdin in _copies:
        return True
    peek = getattr(stdin, "peek", None)
    return peek is not None and _OBJECT(peek(1)) is not None


def copied() -> CopiedFile:
    """What is on standard input, from its start, in a temporary file; waits for its end. Raises DiskFull."""
    stdin: BinaryIO = sys.stdin.buffer
    if stdin not in _copies:
        file = tempfile.TemporaryFile("w+b")  # noqa: SIM115
        try:
            shutil.copyfileobj(stdin, file)
            file.flush()
        except OSError as error:
            file.close()
            raise DiskFull(
                f"Cannot copy standard input to a temporary file: {error.strerror}.",
                "Free some space, or set TMPDIR to a larger disk.",
            ) from error
        _copies[stdin] = CopiedFile(file)
    return _copies[stdin].again()
