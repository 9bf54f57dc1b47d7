"""On which devices the images of an index were found, so that an absent disk is not taken for deleted images.

A JSON file for each index under the home folder: the topmost folder of each device, and what identifies the device.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lookalike.settings import Settings
from lookalike.storage import local_uri

logger = logging.getLogger(__name__)

MOUNTS = "/proc/self/mountinfo"


class Devices:
    """What is known about the images of one index, on this machine."""

    def __init__(self, settings: Settings) -> None:
        name = hashlib.sha256(f"{settings.index_address}\n{settings.index}".encode()).hexdigest()[:16]
        self._path = settings.home / "devices" / f"{name}.json"
        self._known = _read(self._path)

    def of(self, path: str) -> tuple[str, str] | None:
        """The folder of the device on which an image was found, and what identified it; None if that is not known."""
        folder = path
        while folder not in ("", "/"):
            folder = os.path.dirname(folder)
            if (device := self._known.get(local_uri(folder))) is not None:
                return folder, device
        return None

    def add(self, mounts: Iterable[str]) -> None:
        """Record folders that are new; of the others, the record stays: only a sync may say that it is outdated."""
        self._write({folder: self._known.get(local_uri(folder)) or identity(folder) for folder in mounts})

    def replace(self, mounts: Iterable[str], doubted: Iterable[str]) -> None:
        """Record the folders as they are now, but those in doubt as they were, and forget others that lie below."""
        kept = {local_uri(folder) for folder in doubted}
        now = {local_uri(folder): folder for folder in mounts}
        below = tuple(f"{uri.rstrip('/')}/" for uri in now)
        for uri in [uri for uri in self._known if uri.startswith(below) and uri not in kept]:
            del self._known[uri]
        self._write({folder: identity(folder) for uri, folder in now.items() if uri not in kept})

    def _write(self, devices: dict[str, str | None]) -> None:
        self._known |= {local_uri(folder): device for folder, device in devices.items() if device is not None}
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = self._path.with_suffix(f".{os.getpid()}")
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(self._known, file)
            partial.replace(self._path)
        except OSError as error:
            # An ingest does not depend on it.
            logger.info("Cannot record the devices of the images in %s: %s", self._path, error)


def identity(folder: str) -> str | None:
    """What identifies the device of a folder, also after a restart; None if the folder cannot be reached."""
    try:
        number = os.stat(folder).st_dev
        # 0 for network file systems, whose device number is another one after each mount.
        fsid = os.statvfs(folder).f_fsid
    except OSError:
        return None
    return f"fsid {fsid:x}" if fsid else _mounted(number) or f"device {number}"


def _mounted(number: int) -> str | None:
    """What is mounted as the device of this number, such as `nfs4 nas:/photos`; Linux only."""
    wanted = f"{os.major(number)}:{os.minor(number)}"
    with suppress(OSError), open(MOUNTS, errors="surrogateescape") as lines:
        for line in lines:
            fields = line.split()
            if fields[2] == wanted and "-" in fields:
                kind, source = fields[fields.index("-") + 1 :][:2]
                return f"{kind} {source}"
    return None


def _read(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(folder): str(device) for folder, device in known.items()} if isinstance(known, dict) else {}
