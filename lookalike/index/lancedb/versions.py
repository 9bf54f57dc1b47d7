"""The versions of an index in a LanceDB folder: tables, and the catalog that says which one the name points to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lookalike.index.base import IndexInfo
from lookalike.index.lancedb import columns
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.errors import missing, translated
from lookalike.index.lancedb.folder import folder_of
from lookalike.index.lancedb.power_cut import look_after_restart
from lookalike.index.lancedb.rows import model_of
from lookalike.index.lancedb.tables import connect, create_table, drop_table, list_indexes
from lookalike.index.options import IndexOptions
from lookalike.metadata import Fields
from lookalike.records import ModelIdentity


class LanceDBVersions:
    """See `Versions`."""

    def __init__(self, url: str, name: str, options: IndexOptions) -> None:
        self.name = name
        self._url = url
        self._retry_s = options.retry_s
        self._folder = folder_of(url)
        self._catalog = Catalog(self._folder)
        with translated(self._folder, name):
            look_after_restart(self._folder, self._catalog, self._retry_s)

    def infos(self) -> list[IndexInfo]:
        return [info for info in list_indexes(self._url) if info.name == self.name]

    def create(self, model: ModelIdentity) -> str:
        with self._writing():
            return create_table(self._folder, self._catalog.reserve(self.name), model, self._fields())

    def move(self, version: str, *, remember: bool = True) -> None:
        with self._writing():
            former = model_of(self._database_with(version).open_table(self._current()).schema)
            self._catalog.move(self.name, version, former_model=former.fingerprint, remember=remember)

    def previous(self) -> str | None:
        return self._catalog.previous(self._current())

    def former_models(self) -> frozenset[str]:
        return self._catalog.former_models(self.name)

    def delete(self, version: str) -> None:
        with translated(self._folder, self.name):
            self._database_with(version)
            drop_table(self._folder, self._catalog, version, self._retry_s)

    def close(self) -> None:
        """Does nothing: no connection is kept open."""

    def _fields(self) -> Fields:
        """The metadata fields of the current version."""
        table = self._catalog.tables().get(self.name)
        return columns.fields_of(connect(self._folder).open_table(table).schema) if table else {}

    def _current(self) -> str:
        table = self._catalog.tables().get(self.name)
        if table is None:
            raise missing(self._folder, self.name)
        return table

    def _database_with(self, version: str) -> Any:
        """A connection to the folder. Raises IndexMissing if it has no such version."""
        if version not in self._catalog.versions(self.name):
            raise missing(self._folder, version)
        return connect(self._folder)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with translated(self._folder, self.name), self._catalog.locked(self._retry_s):
            yield
