"""Ids and URIs of documents on disk instead of in memory: a temporary SQLite database."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lookalike.errors import DiskFull

#: SQLite's page cache, in KiB. The rest is in a file that SQLite deletes by itself.
CACHE_KIB = 16 * 1024


class IdStore:
    """Ids of documents with their URIs; those that are accounted for are discarded. Raises DiskFull."""

    def __init__(self) -> None:
        # The empty name is a private file in /var/tmp or SQLITE_TMPDIR, which disappears with the connection.
        self._database = sqlite3.connect("")
        self._database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE documents (id TEXT PRIMARY KEY, uri TEXT NOT NULL) WITHOUT ROWID")

    def add(self, documents: Iterable[tuple[str, str]]) -> None:
        """Store pairs of id and URI; an id that is there keeps its URI."""
        with disk_errors():
            self._database.executemany("INSERT OR IGNORE INTO documents VALUES (?, ?)", documents)

    def discard(self, ids: Iterable[str]) -> None:
        with disk_errors():
            self._database.executemany("DELETE FROM documents WHERE id = ?", ((id,) for id in ids))

    def get(self, ids: Iterable[str]) -> dict[str, str]:
        """What is stored for those ids that are there."""
        found: dict[str, str] = {}
        with disk_errors():
            for id in ids:
                found.update(self._database.execute("SELECT id, uri FROM documents WHERE id = ?", (id,)).fetchall())
        return found

    def pop(self, ids: Iterable[str]) -> dict[str, str]:
        """Discard ids, and return what was stored for those that are there."""
        found: dict[str, str] = {}
        with disk_errors():
            for id in ids:
                rows = self._database.execute("DELETE FROM documents WHERE id = ? RETURNING id, uri", (id,))
                found.update(rows.fetchall())
        return found

    def remaining(self) -> Iterator[tuple[str, str]]:
        """Id and URI of every document that was not discarded."""
        with disk_errors():
            yield from self._database.execute("SELECT id, uri FROM documents")

    def by_uri(self) -> Iterator[tuple[str, str]]:
        """The same, in the order of URIs: those of a folder, a host or an archive come together."""
        with disk_errors():
            yield from self._database.execute("SELECT id, uri FROM documents ORDER BY uri")

    def close(self) -> None:
        self._database.close()


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raises DiskFull in place of SQLite's errors."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DiskFull(
            f"Cannot write temporary data of the comparison: {error}.",
            "Free some space, or set SQLITE_TMPDIR to a larger disk.",
        ) from error
