"""Whether a folder is writable, and how much space is left on its disk."""

import errno
import shutil
import tempfile
from pathlib import Path

from lookalike.errors import AccessDenied, DiskFull, LookalikeError
from lookalike.records import Diagnostic

#: Enough for models, logs and the index of a small collection.
ENOUGH_BYTES = 2**30
#: One block of any file system: on a full one a file can be created, but not filled.
PROBE_BYTES = 4096


def check_folder(folder: Path, advice: str) -> list[Diagnostic]:
    """Try to write into `folder`, which need not exist yet, and warn if its disk is nearly full. Leaves nothing behind.

    `advice` is what to do if the folder is not writable. Raises AccessDenied, DiskFull.
    """
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)) as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
        free = free_bytes(folder)
    except OSError as error:
        raise write_error(folder, error, advice) from error
    if free >= ENOUGH_BYTES:
        return []
    return [
        Diagnostic(f"Only {free / 2**20:,.0f} MiB are free under {folder}.", "Free some space before a large ingest.")
    ]


def free_bytes(folder: Path) -> int:
    """Free space on the disk of a folder, which need not exist yet. Raises OSError."""
    return shutil.disk_usage(_existing(folder)).free


def write_error(folder: Path, error: OSError, advice: str) -> LookalikeError:
    """Our error for a failed write under `folder`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"No space left on the disk of {folder}.", "Free some space, or choose a larger disk.")
    return AccessDenied(f"Cannot write to {folder}: {error.strerror}.", advice)


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())
