"""The catalog of an embedded index: the table of each name, and the lock that its writers share."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lookalike.errors import IndexUnavailable

CATALOG = "catalog.json"
#: How often a waiting writer looks again; a write of 128 documents holds the lock for 10 to 40 ms.
LOOK_AGAIN_S = 0.005


class Catalog:
    """The names of one folder. Nothing is created before the first `add`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tables(self) -> dict[str, str]:
        """The table of every name."""
        return dict(self._read()["tables"])

    def reserve(self, name: str) -> str:
        """A table name that was never used before. Call with the lock held."""
        kept = self._read()
        number = kept["numbers"].get(name, 0) + 1
        kept["numbers"][name] = number
        self._replace(kept)
        return f"{name}-v{number}"

    def point(self, name: str, table: str | None) -> None:
        """Let `name` point to `table`, or to nothing. Call with the lock held."""
        kept = self._read()
        kept["tables"].pop(name, None)
        if table:
            kept["tables"][name] = table
        self._replace(kept)

    def move(self, name: str, table: str, *, former: str, remember: bool) -> None:
        """Let `name` point to another table, in one step, and note that its model was `former` until now.

        What it pointed to is what `previous` gives, unless not to be remembered. Call with the lock held."""
        kept = self._read()
        if remember:
            kept["previous"][table] = kept["tables"][name]
        kept["former"][name] = sorted({*kept["former"].get(name, ()), former})
        kept["tables"][name] = table
        self._replace(kept)

    def versions(self, name: str) -> list[str]:
        """Every table of `name` that is there, oldest first."""
        numbers = range(1, self._read()["numbers"].get(name, 0) + 1)
        tables = [f"{name}-v{number}" for number in numbers]
        return [table for table in tables if (self._folder / f"{table}.lance").is_dir()]

    def names(self) -> list[str]:
        """Every name that ever had a table."""
        return sorted(self._read()["numbers"])

    def previous(self, table: str) -> str | None:
        """The table in whose place `table` was put."""
        previous: str | None = self._read()["previous"].get(table)
        return previous

    def forget(self, table: str) -> None:
        """Nothing leads to `table` any more. Call with the lock held."""
        kept = self._read()
        kept["tables"] = {name: to for name, to in kept["tables"].items() if to != table}
        kept["previous"] = {of: to for of, to in kept["previous"].items() if table not in (of, to)}
        self._replace(kept)

    def former(self, name: str) -> frozenset[str]:
        """Fingerprints of the models that `name` had before."""
        return frozenset(self._read()["former"].get(name, ()))

    @contextmanager
    def locked(self, limit_s: float) -> Iterator[None]:
        """Hold this folder's lock, against other threads and processes; the system frees the lock of a killed process.

        Raises IndexUnavailable when the lock stays taken for `limit_s`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # An object per call: one that is shared would let a second thread of the same process in. Never a lock made of
        # the file's existence: it would outlive a killed process.
        lock = FileLock(self._folder / "lock", mode=0o600, poll_interval=LOOK_AGAIN_S, fallback_to_soft=False)
        try:
            lock.acquire(timeout=max(0.0, limit_s))
        except Timeout as error:
            why = "another process has been writing to it for too long"
            raise IndexUnavailable(str(self._folder), why) from error
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> dict[str, Any]:
        try:
            kept: dict[str, Any] = json.loads((self._folder / CATALOG).read_text())
        except FileNotFoundError:
            kept = {}
        return {"tables": {}, "numbers": {}, "previous": {}, "former": {}} | kept

    def _replace(self, kept: dict[str, Any]) -> None:
        """Whole or not at all, also when the power fails."""
        with tempfile.NamedTemporaryFile("w", dir=self._folder, prefix=CATALOG, delete=False) as file:
            json.dump(kept, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self._folder / CATALOG)
