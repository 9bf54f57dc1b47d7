"""The map of a version: a file beside its table."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from lookalike.index.lancedb.catalog import synced


def path_of(folder: Path, version: str) -> Path:
    return folder / f"{version}.map"


def write(folder: Path, version: str, data: bytes) -> None:
    """Replace the map atomically, also if the power fails. Call with the lock held."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{version}-map-", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path_of(folder, version))
        except BaseException:
            os.unlink(file.name)
            raise
    synced(folder)


def read(folder: Path, version: str) -> bytes | None:
    """None if there is none."""
    with suppress(FileNotFoundError):
        return path_of(folder, version).read_bytes()
    return None


def tag(folder: Path, version: str) -> str | None:
    """A text that no other map of this version has; None without a map."""
    with suppress(FileNotFoundError):
        state = path_of(folder, version).stat()
        return f"{state.st_ino:x}-{state.st_mtime_ns:x}-{state.st_size:x}"
    return None


def delete(folder: Path, version: str) -> None:
    """Delete the map, if there is one."""
    path_of(folder, version).unlink(missing_ok=True)
