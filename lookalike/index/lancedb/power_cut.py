"""Makes the tables of a folder survive a power cut: LanceDB itself never waits for the disk.

What a write has added is on the disk before the write counts as done. After a restart of the machine, a table may hold
the beginnings of a write that did not count yet: these are removed once, before the table is used.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lookalike.index.lancedb.catalog import Catalog, synced
from lookalike.index.lancedb.errors import is_failure
from lookalike.index.lancedb.lean_lancedb import BTree, lancedb

logger = logging.getLogger(__name__)

#: Linux's name for the time since the last start of the machine; elsewhere a table is never looked at.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: Holds the boot id at which the tables were looked at last.
MARKER = "checked.boot"
#: The last bytes of every whole file of these kinds (https://lance.org/format/file/).
MAGIC = b"LANC"
WITH_MAGIC = (".lance", ".manifest", ".idx")
VERSIONS = "_versions"
INDICES = "_indices"
#: What a writer tells writers at the same time, of which there are none under the lock.
TRANSACTIONS = "_transactions"


@contextmanager
def durable(table_folder: Path) -> Iterator[None]:
    """Wait at the end until the files that were added to the table are on the disk. Call with the lock held.

    Without it, the files of other writers count as added too, unless they are removed again meanwhile."""
    before = _names(table_folder)
    yield
    added = {Path(name) for name in _names(table_folder) - before}
    folders = {path.parent for path in added}
    known = {Path(folder) for folder in {os.path.dirname(name) for name in before}}
    # The entry of a folder that is new is in the folder above it.
    above = {folder.parent for folder in folders - known} | {folder.parent.parent for folder in folders - known}
    for path in (*sorted(added), *sorted(folders | above, reverse=True)):
        with suppress(FileNotFoundError):
            synced(path)


def look_after_restart(folder: Path, catalog: Catalog, retry_s: float) -> None:
    """Repair every table of the folder once after each start of the machine. A user who may not write repairs nothing.

    Raises IndexUnavailable if another process writes all the time.
    """
    if not folder.is_dir() or _is_checked(folder):
        return
    try:
        with catalog.locked(retry_s):
            if not _is_checked(folder):
                for table_folder in folder.glob("*.lance"):
                    _repair(table_folder)
                (folder / MARKER).write_text(_boot_id())
    except PermissionError:
        return


def _is_checked(folder: Path) -> bool:
    try:
        return (folder / MARKER).read_text() == _boot_id()
    except FileNotFoundError:
        return not _boot_id()


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _repair(table_folder: Path) -> None:
    """Return to the newest version that can be read, if a file of the table is torn."""
    torn = [path for path in _files(table_folder) if path.suffix in WITH_MAGIC and not is_whole(path)]
    if not torn:
        return
    manifests = _manifests(table_folder)
    for manifest in manifests:
        if manifest not in torn and _is_readable(table_folder):
            break
        logger.warning("%s: a write was cut off by a power cut; it is taken back.", table_folder.stem)
        manifest.unlink()
    for path in torn:
        path.unlink(missing_ok=True)
    if any(INDICES in path.parts for path in torn) and any(path.exists() for path in manifests):
        with durable(table_folder):
            _replace_indexes(_opened(table_folder))


def _replace_indexes(table: Any) -> None:
    """Build the small index of the ids anew. Without the large one of the vectors, searches are exact until a later
    load builds it."""
    table.create_index("id", config=BTree(), replace=True)
    for index in table.list_indices():
        if index.columns != ["id"]:
            table.drop_index(index.name)


def _is_readable(table_folder: Path) -> bool:
    """Whether all rows of the table's newest version can be read. Rare and slow: a file of the table is torn."""
    try:
        table = _opened(table_folder)
        rows = sum(batch.num_rows for batch in table.search().to_batches())
        return bool(rows == table.count_rows())
    except Exception as error:
        if not is_failure(error):
            raise
        return False


def _opened(table_folder: Path) -> Any:
    return lancedb.connect(table_folder.parent).open_table(table_folder.stem)


def newest_manifest(table_folder: Path) -> bytes:
    """What describes the newest version of the table; empty if there is none, or if it was replaced just now."""
    try:
        return _manifests(table_folder)[0].read_bytes()
    except (IndexError, FileNotFoundError):
        return b""


def _manifests(table_folder: Path) -> list[Path]:
    """Newest first."""
    return sorted((table_folder / VERSIONS).glob("*.manifest"), key=_number, reverse=True)


def _number(manifest: Path) -> int:
    """The version of a manifest: LanceDB counts down from 2**64 - 1, so that the newest comes first in a listing."""
    return 2**64 - 1 - int(manifest.stem)


def is_whole(path: Path) -> bool:
    """Whether a file of one of these kinds ends as every whole one does."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(MAGIC)))
        return file.read() == MAGIC


def _files(table_folder: Path) -> set[Path]:
    return set(map(Path, _names(table_folder)))


def _names(table_folder: Path) -> set[str]:
    """The paths of the files that a reader of the table may need. As texts: there are hundreds, looked at twice a
    write."""
    found: set[str] = set()
    for place, folders, names in os.walk(table_folder):
        found.update(os.path.join(place, name) for name in names)
        if TRANSACTIONS in folders:
            folders.remove(TRANSACTIONS)
    return found
