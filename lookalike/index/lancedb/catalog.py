"""The catalog file of a LanceDB folder: which table each name points to, and the locks that writers share."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lookalike.errors import IndexBusy

CATALOG = "catalog.json"
#: Behind the name of a table: the lock for building its ANN index.
BUILDING = ".building"
#: How often a waiting writer tries the lock; writing 128 documents holds it for 10 to 40 ms.
POLL_S = 0.005


class Catalog:
    """The names of one folder. The first write creates the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tables(self) -> dict[str, str]:
        """The table of every name."""
        return dict(self._read()["tables"])

    def is_current(self, table: str) -> bool:
        """Whether a name points to `table`."""
        return table in self.tables().values()

    def reserve(self, name: str) -> str:
        """A table name that was never used before. Call with the lock held."""
        content = self._read()
        number = content["numbers"].get(name, 0) + 1
        content["numbers"][name] = number
        self._replace(content)
        return f"{name}-v{number}"

    def point(self, name: str, table: str) -> None:
        """Make `name` point to `table`. Call with the lock held."""
        content = self._read()
        content["tables"][name] = table
        self._replace(content)

    def move(self, name: str, table: str, *, former_model: str, remember: bool) -> None:
        """Make `name` point to another table, in one step, and record the fingerprint of its former model.

        `remember` makes the former table the one that `previous` returns. Call with the lock held."""
        content = self._read()
        if remember:
            content["previous"][table] = content["tables"][name]
        content["former"][name] = sorted({*content["former"].get(name, ()), former_model})
        content["tables"][name] = table
        self._replace(content)

    def versions(self, name: str) -> list[str]:
        """Every existing table of `name`, oldest first."""
        numbers = range(1, self._read()["numbers"].get(name, 0) + 1)
        tables = [f"{name}-v{number}" for number in numbers]
        return [table for table in tables if (self._folder / f"{table}.lance").is_dir()]

    def names(self) -> list[str]:
        """Every name that ever had a table."""
        return sorted(self._read()["numbers"])

    def previous(self, table: str) -> str | None:
        """The table that `table` replaced."""
        previous: str | None = self._read()["previous"].get(table)
        return previous

    def remove(self, table: str) -> None:
        """Remove every reference to `table`. Call with the lock held."""
        content = self._read()
        content["tables"] = {name: to for name, to in content["tables"].items() if to != table}
        content["previous"] = {of: to for of, to in content["previous"].items() if table not in (of, to)}
        self._replace(content)

    def former_models(self, name: str) -> frozenset[str]:
        """Fingerprints of the models that `name` had before."""
        return frozenset(self._read()["former"].get(name, ()))

    @contextmanager
    def locked(self, timeout_s: float) -> Iterator[None]:
        """Hold the lock of this folder across threads and processes. The system releases it when a process is killed.

        Raises IndexBusy if it cannot be had within `timeout_s`."""
        # Private if it is new. Users that share an index create its folder first, with the rights that they want.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._held("lock", timeout_s, "another process has been writing to it for too long"):
            yield

    @contextmanager
    def building(self, table: str, timeout_s: float) -> Iterator[None]:
        """Hold the lock of whoever builds the ANN index of this table, or replaces its rows by a compaction. Who waits
        for it does not hold the lock of the folder, so that others write meanwhile.

        Raises IndexBusy if it cannot be had within `timeout_s`."""
        with self._held(self.building_lock(table).name, timeout_s, f"the ANN index of {table} is being built"):
            yield

    def building_lock(self, table: str) -> Path:
        """The file of `building`."""
        return self._folder / (table + BUILDING)

    def is_building(self, table: str) -> bool:
        """Whether the ANN index of this table is being built, or the table is being compacted. Creates no file; who may
        not open that of another user is told False."""
        if not self.building_lock(table).exists():
            return False
        try:
            with self.building(table, 0):
                return False
        except IndexBusy:
            return True
        except OSError:
            return False

    @contextmanager
    def _held(self, file: str, timeout_s: float, why: str) -> Iterator[None]:
        # One object per call: a shared one would let in a second thread of the same process. No soft lock, which would
        # outlive a killed process.
        lock = FileLock(self._folder / file, mode=0o600, poll_interval=POLL_S, fallback_to_soft=False)
        try:
            lock.acquire(timeout=max(0.0, timeout_s))
        except Timeout as error:
            raise IndexBusy(str(self._folder), why) from error
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads((self._folder / CATALOG).read_text())
        except FileNotFoundError:
            content = {}
        return {"tables": {}, "numbers": {}, "previous": {}, "former": {}} | content

    def _replace(self, content: dict[str, Any]) -> None:
        """Replace the file atomically, also if the power fails."""
        with tempfile.NamedTemporaryFile("w", dir=self._folder, prefix=CATALOG, delete=False) as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self._folder / CATALOG)
        synced(self._folder)


def synced(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
