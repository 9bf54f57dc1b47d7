"""Whether a folder can be written and what room is left; knows nothing of what it is for."""

import errno
import shutil
import tempfile
from pathlib import Path

from lookalike.errors import AccessDenied, DiskFull, LookalikeError
from lookalike.records import Diagnostic

#: Models, the index and logs of a small collection fit in this.
ENOUGH_BYTES = 2**30
#: A block of any file system: to make a file is possible on a full one, to fill it is not.
PROBE_BYTES = 4096


def check_folder(folder: Path, advice: str) -> list[Diagnostic]:
    """What to look at, of a folder that is to be written, there or still to be made; nothing is left in it.

    `advice` is for a folder that is the wrong one. Raises AccessDenied, DiskFull.
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
    return [Diagnostic(f"Only {free / 2**20:,.0f} MiB are free under {folder}.", "Free some before a large ingest.")]


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder, there or still to be made. Raises OSError."""
    return shutil.disk_usage(_existing(folder)).free


def write_error(folder: Path, error: OSError, advice: str) -> LookalikeError:
    """What it means that something under `folder` cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"No space left under {folder}.", "Free some, or choose a larger disk.")
    return AccessDenied(f"{folder} cannot be written: {error.strerror}.", advice)


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())
