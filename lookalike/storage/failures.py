"""What an error of the file system means for an image."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from lookalike.errors import ImageRejected, LookalikeError, SourceUnavailable
from lookalike.exhaustion import machine_error
from lookalike.records import Reason

#: Temporary errors: the mount or the network is away.
_AWAY = {
    getattr(errno, name, None)
    for name in (
        *("EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EHOSTDOWN"),
        *("EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENETRESET", "ENOLINK", "EREMOTEIO", "ESHUTDOWN"),
        *("EAGAIN", "EBUSY"),
    )
}
#: Errors that concern one file; with any other errno it is unreadable.
_OF_ONE_FILE = {
    errno.ENOENT: Reason.NOT_FOUND,
    errno.ENOTDIR: Reason.NOT_FOUND,
    errno.ENAMETOOLONG: Reason.NOT_FOUND,
    errno.EISDIR: Reason.NOT_REGULAR,
    errno.ENXIO: Reason.NOT_REGULAR,
}


def translated(error: OSError, path: str, uri: str, roots: Iterable[Path]) -> LookalikeError:
    """Our error for an OSError. A missing root is an absent mount: its images are not lost."""
    if exhausted := machine_error(error):
        return exhausted
    why = error.strerror or str(error)
    missing = [root for root in roots if Path(path).is_relative_to(root) and _is_missing(root)]
    if missing:
        return SourceUnavailable(str(missing[0]), "the folder is missing")
    if error.errno == errno.EIO and _answers(os.path.dirname(path)):
        return ImageRejected(Reason.UNREADABLE, why)
    if error.errno is not None and error.errno in _AWAY:
        return SourceUnavailable(uri, why)
    return ImageRejected(reason_of(error), why)


def reason_of(error: OSError) -> Reason:
    """The reason with which a path is rejected that cannot be read."""
    return _OF_ONE_FILE.get(error.errno or 0, Reason.UNREADABLE)


def _answers(folder: str) -> bool:
    """Whether the file system of a folder answers: a bad sector affects one file, an absent mount all files. Uses
    statvfs, which a network file system does not answer from its cache."""
    try:
        os.statvfs(folder)
    except OSError:
        return False
    return True


def _is_missing(folder: Path) -> bool:
    """Whether a folder is missing; unlike with `Path.exists`, one without permission is not missing."""
    try:
        os.stat(folder)
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False
