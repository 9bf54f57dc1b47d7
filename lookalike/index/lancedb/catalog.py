"""Which table each name of an embedded index points to, and the lock its writers share; knows files alone."""

import errno
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    def locked(self, patience_s: float) -> Iterator[None]:
        """Alone in this folder, across threads and processes; the system frees the lock of a killed process.

        Raises IndexUnavailable when it stays taken for `patience_s`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._acquire(descriptor, time.monotonic() + patience_s)
            yield
        finally:
            os.close(descriptor)

    def _acquire(self, descriptor: int, deadline: float) -> None:
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
            if time.monotonic() > deadline:
                raise IndexUnavailable(str(self._folder), "another process has been writing to it for too long")
            time.sleep(LOOK_AGAIN_S)

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
