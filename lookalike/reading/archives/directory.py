"""Where the members of one archive lie, by name: on disk and not in memory, because an archive may have millions."""

import sqlite3
from collections.abc import Iterable

from lookalike.errors import DiskFull
from lookalike.reading.archives.member import Member
from lookalike.records import Span

#: SQLite's page cache of one directory, in KiB: enough for some 30,000 members. The rest is in a file without a name.
CACHE_KIB = 2048


class Directory:
    """Members by name; the last one of a name counts, as when tar unpacks. Raises DiskFull."""

    def __init__(self) -> None:
        # The empty name is a private file that disappears with the connection.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in (f"cache_size = -{CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(
            "CREATE TABLE members (name TEXT PRIMARY KEY, start INTEGER, length INTEGER, size INTEGER) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")

    def add(self, members: Iterable[Member]) -> None:
        rows = ((member.name, member.span.start, member.span.length, member.size_bytes) for member in members)
        try:
            self._database.executemany("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)", rows)
        except sqlite3.OperationalError as error:
            raise DiskFull(
                f"The directory of an archive cannot be kept: {error}.",
                "Free some space, or set SQLITE_TMPDIR to a larger disk.",
            ) from error

    def find(self, name: str) -> tuple[Span, int] | None:
        """Where a member lies, and how many bytes it has unpacked."""
        row = self._database.execute("SELECT start, length, size FROM members WHERE name = ?", (name,)).fetchone()
        return None if row is None else (Span(row[0], row[1]), row[2])

    def close(self) -> None:
        self._database.close()
