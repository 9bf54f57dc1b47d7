"""LanceDB's exceptions as lookalike's: LanceDB describes a failure only by its text."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike.errors import (
    AccessDenied,
    DiskFull,
    IndexConflict,
    IndexMissing,
    IndexUnavailable,
    LookalikeError,
    MachineExhausted,
)
from lookalike.exhaustion import machine_error
from lookalike.shown import clause

#: The texts of errno, as Rust and Python write them.
FULL = ("No space left on device", "Disk quota exceeded", "os error 28", "os error 122")
DENIED = {
    "Permission denied": "os error 13",
    "Read-only file system": "os error 30",
    "Operation not permitted": "os error 1)",
    "Not a directory": "os error 20",
    "Too many levels of symbolic links": "os error 40",
}
EXHAUSTED = ("Too many open files", "Cannot allocate memory", "No buffer space available")
MISSING = ("was not found", "does not exist", "Not found")
#: Another program wrote at the same time, or compaction removed a file that a reader was about to open.
CONFLICT = ("commit conflict", "Commit conflict", "concurrent", "retry")
LONGEST_REASON = 300


@contextmanager
def translated(folder: Path, name: str) -> Iterator[None]:
    """Raise lookalike's errors in place of LanceDB's and the file system's."""
    try:
        yield
    except Exception as error:
        if not is_failure(error):
            raise
        raise translate(error, folder, name) from error


def is_failure(error: Exception) -> bool:
    """Whether it is an exception of LanceDB or of the file system."""
    # No module has this class: it is of Rust code that meets a damaged file.
    return isinstance(error, OSError | RuntimeError | ValueError) or type(error).__name__ == "RustPanic"


def translate(error: Exception, folder: Path, name: str) -> LookalikeError:
    """The error to raise for this failure of the index `name`."""
    text = " ".join(str(error).split())
    if exhausted := machine_error(error):
        return exhausted
    if sign := next((sign for sign in EXHAUSTED if sign in text), None):
        return MachineExhausted(socket.gethostname(), sign)
    if _matches(error, text, FULL, errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"No space left for the index in {folder}.", "Free some space, then run the same command again."
        )
    if why := next((why for why, code in DENIED.items() if why in text or code in text), None):
        what = f"The index in {folder} cannot be read or written: {why}."
        return AccessDenied(what, "Check the path and who owns it, or set LOOKALIKE_HOME to another folder.")
    if any(sign in text for sign in CONFLICT):
        return IndexUnavailable(str(folder), text[:LONGEST_REASON])
    if any(sign in text for sign in MISSING):
        return missing(folder, name)
    what = f"LanceDB failed on index {name} in {folder}: {clause(text[:LONGEST_REASON])}."
    return IndexConflict(what, "Check the files in the folder; after a power cut, run the ingest again.")


def is_missing(error: Exception, folder: Path, name: str) -> bool:
    """Whether LanceDB, or the file system, found no file of the index."""
    return is_failure(error) and isinstance(translate(error, folder, name), IndexMissing)


def missing(folder: Path, name: str) -> IndexMissing:
    return IndexMissing(
        f"Index {name} does not exist in {folder}.", "Ingest images into it first, or choose another index (--index)."
    )


def _matches(error: Exception, text: str, signs: tuple[str, ...], *numbers: int) -> bool:
    return getattr(error, "errno", None) in numbers or any(sign in text for sign in signs)
