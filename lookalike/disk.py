"""Whether a folder is writable, how much space is left on its disk, and files that only their user can read."""

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from lookalike.errors import AccessDenied, DiskFull, LookalikeError
from lookalike.records import Diagnostic

#: Enough for models, logs and the index of a small collection.
ENOUGH_BYTES = 2**30
#: One block of any file system: on a full one a file can be created, but not filled.
PROBE_BYTES = 4096

#: What the system says of a full disk, or of a used-up quota.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
#: What it says of a place that cannot be read or written, although it has room.
CLOSED = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EISDIR}
)
#: How Python's `tempfile` begins to say that none of its folders is writable.
NO_TEMPORARY = "No usable temporary directory"

#: Folders of a home that hold paths, labels, vectors, jobs or sockets -> what that is, for people.
PRIVATE = {
    "broker": "jobs and rejected images",
    "index": "indexes",
    "logs": "logs",
    "run": "sockets and locks",
    "shown": "links to matches",
}
#: Everything else that lies in a home of ours -> what it is; and how the names of temporary files begin.
OTHERS = {
    "added": "added models",
    "compiled": "programs for GPUs",
    "demo": "drawn images of the demo",
    "devices": "devices of folders",
    "fitted": "fitted models",
    "models": "compiled models",
    "quantized": "quantized models",
    "texts": "text sides of models",
    "batching.json": "measurements",
    "decoders.json": "measurements",
}
TEMPORARY = (".quantizing-", "bench-")


def make_private(folder: Path) -> None:
    """Create a folder that only its user can enter, or close it to others if it is this user's. Raises OSError."""
    folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    state = folder.stat()
    if state.st_uid == os.geteuid() and state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        folder.chmod(stat.S_IRWXU)


def make_home_private(home: Path) -> None:
    """Close a home to other users, and its folders that need it; creates the home. Raises OSError.

    A home that holds other things as well, such as the user's whole folder, stays as it is: they may be shared.
    """
    home.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    names = set(os.listdir(home)) - {*PRIVATE, *OTHERS}
    if all(name.startswith(TEMPORARY) for name in names) and not home.stat().st_mode & stat.S_ISVTX:
        make_private(home)
    for name in PRIVATE:
        if (home / name).is_dir():
            make_private(home / name)


def open_private(file: Path) -> BinaryIO:
    """An empty file to write to, which only its user can read, also if it existed. Raises OSError."""
    make_private(file.parent)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR)
    os.fchmod(descriptor, stat.S_IRUSR | stat.S_IWUSR)
    return open(descriptor, "wb")


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
    if error.errno in FULL:
        return DiskFull(f"No space left on the disk of {folder}.", "Free some space, or choose a larger disk.")
    return AccessDenied(f"Cannot write to {folder}: {error.strerror}.", advice)


def place_error(error: BaseException) -> LookalikeError | None:
    """Our error if `error` says that a file or folder has no room, or cannot be read or written; else None."""
    if not isinstance(error, OSError):
        return None
    if str(error.strerror).startswith(NO_TEMPORARY):
        return AccessDenied("No folder for temporary files can be written to.", "Set TMPDIR to a folder that you own.")
    where = f" {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
    if error.errno in FULL:
        return DiskFull(f"No space left on the disk of{where or ' a file'}.", "Free some space, then try again.")
    if error.errno in CLOSED and where:
        return AccessDenied(f"Cannot use{where}: {error.strerror}.", "Check the path, and who owns it.")
    return None


def _existing(folder: Path) -> Path:
    # A link that leads nowhere counts as well: no folder can be made in its place.
    return next(place for place in (folder, *folder.parents) if os.path.lexists(place))
