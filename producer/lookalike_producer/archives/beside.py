"""Loose files with sidecars beside them: the folders `00000/` that img2dataset writes in its format `files`."""

import os
import stat
from collections.abc import Callable
from functools import lru_cache

from lookalike.reading.archives.member import MAX_SIDECAR
from lookalike_producer.archives.sidecar import SIDECARS, Sidecars, split

#: What stands beside a folder of this number.
_REPORTS = ("_stats.json", ".parquet")
#: Folders of which it is remembered whether they are such ones.
_REMEMBERED = 64


def is_sidecar(name: str) -> bool:
    """Whether a file of such a folder is no image."""
    return split(name)[1] in SIDECARS


def sidecars_of(path: str) -> Sidecars:
    """What stands beside an image. Links are not followed."""
    sidecars = Sidecars()
    for extension in sorted(SIDECARS):
        content, size = _content(f"{split(path)[0]}.{extension}")
        if size:
            sidecars.add(extension, content, size)
    return sidecars


def shard_finder() -> Callable[[str], bool]:
    """Tells whether a folder is a shard of img2dataset; folders are asked about in their order."""
    return lru_cache(_REMEMBERED)(_is_shard)


def is_in_shard(path: str) -> bool:
    """Whether a file may say something of others because it lies in such a folder, or is one of its reports."""
    return path.endswith(_REPORTS) or _is_shard(path) or _is_shard(os.path.dirname(path))


def _is_shard(folder: str) -> bool:
    # Its reports tell it from a folder that only has a number for its name.
    return os.path.basename(folder).isdigit() and any(os.path.isfile(folder + report) for report in _REPORTS)


def _content(path: str) -> tuple[bytes | None, int]:
    """The content of a sidecar and how long it is; None for one that cannot be read or is too long."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None, 0
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_SIDECAR:
            return None, status.st_size
        return os.read(descriptor, MAX_SIDECAR), status.st_size
    except OSError:
        return None, 1
    finally:
        os.close(descriptor)
