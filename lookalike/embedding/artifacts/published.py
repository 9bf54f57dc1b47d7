"""Folders of files that were built, published atomically. The manifest of each has the digests of its files."""

import errno
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from lookalike.errors import DiskFull, ModelUnavailable
from lookalike.shown import clause

log = logging.getLogger(__name__)

Found = TypeVar("Found")
#: Written after the files that it describes.
MANIFEST = "manifest.json"
#: An unfinished build of this age belongs to a killed process.
_ABANDONED_S = 3600.0


def find(folder: Path, parts: Sequence[str], read: Callable[[dict[str, Any]], Found]) -> Found | None:
    """What `read` makes of the manifest, or None if the folder is missing or damaged; a damaged one is logged and moved
    aside."""
    if not folder.exists():
        return None
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        for part in parts:
            if _digest(folder / part) != manifest["sha256"][part]:
                raise ValueError(f"{part} changed")
        return read(manifest)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning("The compiled model in %s is damaged (%r); it will be built again.", folder, error)
        _move_aside(folder)
    return None


def publish(folder: Path, parts: Sequence[str], fill: Callable[[Path], dict[str, Any]], home: Path) -> None:
    """Publish what `fill` writes into a folder, with a manifest of what it returns. Raises DiskFull, ModelUnavailable,
    and what `fill` raises but OSError."""
    with _translated(home):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
        # mkdtemp makes it private, but in a container image another user reads it.
        building.chmod(0o755)
        try:
            manifest = fill(building)
            manifest["sha256"] = {part: _digest(building / part) for part in parts}
            (building / MANIFEST).write_text(json.dumps(manifest, indent=2))
            _flush(building)
            _move(building, folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Write to disk before the rename does; a full disk may be reported only here."""
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _move(building: Path, folder: Path) -> None:
    try:
        building.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        log.info("Another process compiled %s meanwhile.", folder.name)


def _move_aside(folder: Path) -> None:
    """Rename the folder, because another process may read it."""
    try:
        aside = Path(tempfile.mkdtemp(prefix=".damaged-", dir=folder.parent))
        folder.rename(aside / folder.name)
    except OSError as error:
        log.warning("%s cannot be moved aside: %s", folder, error)
    else:
        shutil.rmtree(aside, ignore_errors=True)


def _sweep(models: Path) -> None:
    """Remove what killed builds left behind."""
    for left in (*models.glob(".building-*"), *models.glob(".damaged-*")):
        # Another process may finish a build, or sweep, at the same time.
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _translated(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                f"No space left in {home} for the compiled model.", "Free some space, or move LOOKALIKE_HOME."
            ) from error
        raise ModelUnavailable(
            f"The model cannot be written to {home}: {clause(error)}.", "Check LOOKALIKE_HOME."
        ) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
