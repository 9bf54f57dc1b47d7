"""Whether an image that is no longer found was deleted, or lies where nothing can be seen at the moment."""

import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lookalike.reading.hosts import host_of
from lookalike.storage import local_path
from lookalike.uris import is_remote, member_of
from lookalike_producer.devices import Devices, identity
from lookalike_producer.scope import FolderScope, Scopes
from lookalike_producer.walk.options import USUAL
from lookalike_producer.walk.pattern import ANY_FOLDERS, Pattern
from lookalike_producer.walk.walker import Unlisted, Walker

#: Folders whose state is remembered.
REMEMBERED = 4096


@dataclass(frozen=True)
class Doubt:
    """Why images below a folder, in a bucket or on a host may still exist: `why` continues a sentence that begins with
    it. `is_acceptable`: the caller may say that they do not."""

    folder: str
    why: str
    is_about_device: bool = False
    is_about_host: bool = False

    @property
    def is_acceptable(self) -> bool:
        return self.is_about_device or self.is_about_host


class Absence:
    """Tells deleted images from those that cannot be seen. `walked` is where the walk was that has not found them, and
    `hosts` are the hosts and buckets of images that were found.

    `accepts_devices`: devices may have been exchanged, and hosts and buckets emptied.
    """

    def __init__(
        self,
        devices: Devices,
        walked: Sequence[FolderScope] = (),
        *,
        hosts: Collection[str] = (),
        accepts_devices: bool = False,
    ) -> None:
        self._devices = devices
        self._walked = Scopes(walked)
        self._hosts = hosts
        self._accepts_devices = accepts_devices
        self._doubt_below = lru_cache(REMEMBERED)(self._examined)

    def doubt(self, uri: str) -> Doubt | None:
        """Why the image at `uri` may still exist; None if it was certainly deleted."""
        if is_remote(uri):
            host = host_of(uri)
            is_known = self._accepts_devices or host in self._hosts
            return None if is_known else Doubt(host, "has no image of the sources any more", is_about_host=True)
        member = member_of(uri)
        path = local_path(member.archive if member else uri)
        doubt = self._doubt_below(os.path.dirname(path))
        if doubt is None and not member and any(_is_found(path, scope) for scope in self._walked.covering(uri)):
            return Doubt(os.path.dirname(path), "has come back while the index was compared")
        return doubt

    def _examined(self, folder: str) -> Doubt | None:
        there = _nearest(folder)
        if isinstance(there, Doubt):
            return there
        before = None if self._accepts_devices else self._devices.of(f"{folder}/image")
        if before is not None and identity(there) != before[1]:
            changed = there if identity(before[0]) == before[1] else before[0]
            return Doubt(changed, "is on another device than when its images were found", is_about_device=True)
        return _emptiness(there)


def _is_found(path: str, scope: FolderScope) -> bool:
    """Whether a walk would find a file that the scope covers: now there is one, and no link is on the way."""
    folder = os.path.dirname(path)
    inner = folder.removeprefix(scope.folder)
    way = os.path.realpath(folder) == os.path.realpath(scope.folder or "/").rstrip("/") + inner
    return os.path.isfile(path) and (way or scope.options.follow_links)


def _nearest(folder: str) -> str | Doubt:
    """The folder itself, or the nearest one above it that exists."""
    while folder != "/":
        try:
            if stat.S_ISDIR(os.stat(folder).st_mode):
                return folder
        except (FileNotFoundError, NotADirectoryError):
            if os.path.islink(folder):
                return Doubt(folder, "is a link that leads nowhere")
        except OSError as error:
            return Doubt(folder, f"cannot be read: {error.strerror}")
        folder = os.path.dirname(folder)
    return folder


def _emptiness(folder: str) -> Doubt | None:
    for item in Walker(USUAL).walk(folder.rstrip("/"), Pattern((ANY_FOLDERS,))):
        if not isinstance(item, Unlisted):
            return None
        if item.path == folder:
            return Doubt(folder, f"cannot be listed: {item.error.strerror}")
    return Doubt(folder, "is empty, like the folder of a disk that is not mounted")
