"""What the index held when a comparison began, on disk instead of in memory: a temporary SQLite database."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lookalike.errors import DiskFull

#: SQLite's own, in KiB; whatever is more lies in a file that it deletes by itself.
CACHE_KIB = 16 * 1024


class Holdings:
    """Ids and uris of documents, from which those that the source accounts for are struck off. Raises DiskFull."""

    def __init__(self) -> None:
        # The empty name: a file of its own in /var/tmp or SQLITE_TMPDIR, already deleted and gone with the connection.
        self._database = sqlite3.connect("")
        self._database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE held (id TEXT PRIMARY KEY, uri TEXT NOT NULL) WITHOUT ROWID")

    def add(self, documents: Iterable[tuple[str, str]]) -> None:
        with _translated():
            self._database.executemany("INSERT OR IGNORE INTO held VALUES (?, ?)", documents)

    def strike(self, ids: Iterable[str]) -> None:
        with _translated():
            self._database.executemany("DELETE FROM held WHERE id = ?", ((id,) for id in ids))

    def left(self) -> Iterator[tuple[str, str]]:
        """Ids and uris of what was not struck off."""
        with _translated():
            yield from self._database.execute("SELECT id, uri FROM held")

    def close(self) -> None:
        self._database.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DiskFull(
            f"The comparison cannot keep its notes: {error}.", "Free some room, or set SQLITE_TMPDIR to a larger disk."
        ) from error
