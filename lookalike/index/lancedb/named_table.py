"""The table that the name of an index points to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lookalike.index.checks import is_version
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.errors import missing, translated
from lookalike.index.lancedb.power_cut import look_after_restart
from lookalike.index.lancedb.tables import connect


class NamedTable:
    """Opens it, and opens another one when the name moves. Safe to share between threads."""

    def __init__(self, folder: Path, name: str, retry_s: float) -> None:
        self.folder = folder
        self.name = name
        self.retry_s = retry_s
        self.catalog = Catalog(folder)
        #: The version that was used last, and its table.
        self._opened: tuple[str, Any] | None = None
        with self.translated():
            look_after_restart(folder, self.catalog, retry_s)

    def version(self) -> str:
        """The version that the name points to now: it may have moved since the last call. Raises IndexMissing."""
        version = self.name if is_version(self.name) else self.catalog.tables().get(self.name)
        if version is None:
            raise missing(self.folder, self.name)
        return version

    def now(self) -> Any:
        """The table that the name points to now. Raises IndexMissing."""
        version = self.version()
        opened = self._opened
        if opened is None or opened[0] != version:
            opened = self._opened = version, connect(self.folder).open_table(version)
        return opened[1]

    def close(self) -> None:
        self._opened = None

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """The table, in a block that raises lookalike's errors."""
        with self.translated():
            yield self.now()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock of the folder, in a block that raises lookalike's errors."""
        with self.translated(), self.catalog.locked(self.retry_s):
            yield

    @contextmanager
    def translated(self) -> Iterator[None]:
        with translated(self.folder, self.name):
            yield
