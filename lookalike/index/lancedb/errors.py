"""What a failure of the embedded index means: LanceDB tells by text alone."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike.errors import AccessDenied, DiskFull, IndexConflict, IndexMissing, IndexUnavailable, LookalikeError

#: Texts of errno, as Rust and Python write them.
FULL = ("No space left on device", "Disk quota exceeded", "os error 28", "os error 122")
DENIED = ("Permission denied", "Read-only file system", "Operation not permitted", "os error 13", "os error 30")
MISSING = ("was not found", "does not exist", "Not found")
#: A writer that is not ours got in between, or compaction removed what a reader was about to open.
CONFLICT = ("commit conflict", "Commit conflict", "concurrent", "retry")
LONGEST_REASON = 300


@contextmanager
def translated(folder: Path, name: str) -> Iterator[None]:
    """Raise our own errors for the ones LanceDB and the file system raise."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        raise meaning(error, folder, name) from error


def meaning(error: Exception, folder: Path, name: str) -> LookalikeError:
    """Our error for this failure."""
    text = " ".join(str(error).split())
    if _tells(error, text, FULL, errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"No space left for the index in {folder}.", "Free some, then run the same command again.")
    if _tells(error, text, DENIED, errno.EACCES, errno.EPERM, errno.EROFS):
        return AccessDenied(f"The index in {folder} cannot be read or written.", "Check who owns the folder.")
    if any(sign in text for sign in CONFLICT):
        return IndexUnavailable(str(folder), text[:LONGEST_REASON])
    if any(sign in text for sign in MISSING):
        return missing(folder, name)
    return IndexConflict(f"The index {name} in {folder} fails: {text[:LONGEST_REASON]}", "Check the folder.")


def missing(folder: Path, name: str) -> IndexMissing:
    return IndexMissing(f"There is no index {name} in {folder}.", "Ingest into it first, or choose another (--index).")


def _tells(error: Exception, text: str, signs: tuple[str, ...], *numbers: int) -> bool:
    return getattr(error, "errno", None) in numbers or any(sign in text for sign in signs)
