"""Which images were found already: the last ones in memory, the others in a temporary SQLite database."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing

from lookalike.records import ImageRef
from lookalike_producer.id_store import CACHE_KIB, disk_errors

#: URIs in memory: about 20 MB. In the order of their letters they go to the database fast.
IN_MEMORY = 2**17


def each_once(references: Iterable[ImageRef]) -> Iterator[ImageRef]:
    """The references, each image once although several sources name it. Raises DiskFull."""
    # The empty name is a private file that disappears with the connection.
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as database:
        for pragma in (f"cache_size = -{CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("CREATE TABLE seen (uri TEXT PRIMARY KEY) WITHOUT ROWID")
        database.execute("BEGIN")
        yield from _new(references, database)


def _new(references: Iterable[ImageRef], database: sqlite3.Connection) -> Iterator[ImageRef]:
    last: set[str] = set()
    has_more = False
    for ref in references:
        if ref.uri in last or (has_more and _holds(database, ref.uri)):
            continue
        last.add(ref.uri)
        if len(last) >= IN_MEMORY:
            with disk_errors():
                database.executemany("INSERT INTO seen VALUES (?)", ((uri,) for uri in sorted(last)))
            last.clear()
            has_more = True
        yield ref


def _holds(database: sqlite3.Connection, uri: str) -> bool:
    with disk_errors():
        return database.execute("SELECT 1 FROM seen WHERE uri = ?", (uri,)).fetchone() is not None
