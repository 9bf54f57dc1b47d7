"""Opens and reads one file, as it is at this moment."""

import errno
import os
import stat
from pathlib import Path

from lookalike.errors import ImageRejected
from lookalike.records import FileTimes, Reason

#: With O_PATH, a folder that may be entered but not listed can be entered.
_DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Non-blocking, so that a FIFO in place of a file cannot hang the worker.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: Why a file counts as changed that is not where it was examined.
EXCHANGED = "the file or a folder above it was replaced"


def resolved_path(path: str, *, strict: bool = True) -> Path:
    try:
        return Path(os.path.realpath("/" + path.lstrip("/"), strict=strict))
    except OSError as error:
        # The path was a symlink when it was examined, but not when it was followed.
        if error.errno == errno.EINVAL:
            raise ImageRejected(Reason.CHANGED, EXCHANGED) from error
        raise


def open_beneath(root: Path, parts: tuple[str, ...]) -> int:
    """Open `root/parts` folder by folder without following symlinks. The path is resolved already, so a symlink was put
    there meanwhile and might lead out of the root."""
    folder = os.open(root, _DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], _FILE, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise ImageRejected(Reason.CHANGED, EXCHANGED) from error
        raise
    finally:
        os.close(folder)


def content_of(descriptor: int, size: int, beyond: int = 1) -> bytes:
    """Up to one byte more than `size`, to detect growth; a network mount may return fewer bytes per call."""
    pieces: list[bytes] = []
    left = size + beyond
    while left and (piece := os.read(descriptor, left)):
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def version_of(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def times_of(status: os.stat_result) -> FileTimes:
    return FileTimes(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def kind_of_file(mode: int) -> str:
    """What is there in place of a file, for a message."""
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
