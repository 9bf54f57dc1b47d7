"""Images that several rows name: which they are, and the last row of each, in constant memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from lookalike.records import ImageRef
from lookalike_producer.id_store import CACHE_KIB, disk_errors
from lookalike_producer.refused import decode, encode

#: Bits of a filter: 16 MiB. Of ten million uris, it takes one in 200 for another.
BITS = 2**27
_MASK = BITS - 1


class Filter:
    """A Bloom filter: it says whether a text was added, or perhaps another one.

    Source: B. H. Bloom, Space/time trade-offs in hash coding with allowable errors, 1970; with two hashes for all
    (Kirsch and Mitzenmacher, 2006).
    """

    def __init__(self) -> None:
        # The system gives memory only for those pages that are written.
        self._bits = bytearray(BITS // 8)

    def add(self, text: str) -> bool:
        """Add the text; whether it was there, perhaps."""
        bits, value = self._bits, hash(text)
        first, step = value & _MASK, (value >> 32) & _MASK | 1
        was_there = True
        for place in (first, (first + step) & _MASK, (first + 2 * step) & _MASK):
            bit = 1 << (place & 7)
            if not bits[place >> 3] & bit:
                bits[place >> 3] |= bit
                was_there = False
        return was_there

    def __contains__(self, text: str) -> bool:
        bits, value = self._bits, hash(text)
        first, step = value & _MASK, (value >> 32) & _MASK | 1
        return all(
            bits[place >> 3] & (1 << (place & 7))
            for place in (first, (first + step) & _MASK, (first + 2 * step) & _MASK)
        )


class Repeats:
    """Uris that come several times. First all are added; then each row says whether it has to wait for later ones."""

    def __init__(self) -> None:
        self._seen = Filter()
        self._repeated = Filter()
        self._any = False

    def add(self, uri: str) -> bool:
        """Whether the uri is new."""
        if not self._seen.add(uri):
            return True
        self._repeated.add(uri)
        self._any = True
        return False

    def __contains__(self, uri: str) -> bool:
        """Whether the uri was added several times, or perhaps only once."""
        return self._any and uri in self._repeated

    def __bool__(self) -> bool:
        return self._any


class LastRows:
    """References of which only the last one with each uri counts, on disk. Raises DiskFull."""

    def __init__(self) -> None:
        #: References that a later one replaced, and those of them that differed from it.
        self.replaced = 0
        self.changed = 0
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in (f"cache_size = -{CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE rows (uri TEXT PRIMARY KEY, ref BLOB NOT NULL) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def put(self, ref: ImageRef) -> None:
        line = encode(ref)
        with disk_errors():
            former = self._database.execute("SELECT ref FROM rows WHERE uri = ?", (ref.uri,)).fetchone()
            self._database.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (ref.uri, line))
        if former is not None:
            self.replaced += 1
            self.changed += former[0] != line

    def references(self) -> Iterator[ImageRef]:
        with disk_errors(), closing(self._database.execute("SELECT ref FROM rows")) as rows:
            for (line,) in rows:
                yield decode(line)

    def close(self) -> None:
        self._database.close()
