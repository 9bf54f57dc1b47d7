"""The versions of an index in a LanceDB folder: its tables, and the catalog that says which one is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lookalike.index.base import IndexInfo, IndexOptions
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.errors import missing, translated
from lookalike.index.lancedb.folder import folder_of
from lookalike.index.lancedb.index import connect, create_table, list_indexes, model_of
from lookalike.records import ModelIdentity


class LanceVersions:
    """See `Versions`."""

    def __init__(self, url: str, name: str, options: IndexOptions) -> None:
        self.name = name
        self._url = url
        self._options = options
        self._folder = folder_of(url)
        self._catalog = Catalog(self._folder)

    def infos(self) -> list[IndexInfo]:
        return [info for info in list_indexes(self._url, self._options) if info.name == self.name]

    def create(self, model: ModelIdentity) -> str:
        with self._writing():
            return create_table(self._folder, self._catalog.reserve(self.name), model)

    def move(self, physical: str, *, remember: bool = True) -> None:
        with self._writing():
            former = model_of(self._demand(physical).open_table(self._current()))
            self._catalog.move(self.name, physical, former=former.fingerprint, remember=remember)

    def previous(self) -> str | None:
        return self._catalog.previous(self._current())

    def former_models(self) -> frozenset[str]:
        return self._catalog.former(self.name)

    def delete(self, physical: str) -> None:
        with self._writing():
            tables = self._demand(physical)
            self._catalog.forget(physical)
            tables.drop_table(physical)

    def close(self) -> None:
        """Nothing is kept open."""

    def _current(self) -> str:
        table = self._catalog.tables().get(self.name)
        if table is None:
            raise missing(self._folder, self.name)
        return table

    def _demand(self, physical: str) -> Any:
        """The tables of the folder. Raises IndexMissing unless this one is among them."""
        if physical not in self._catalog.versions(self.name):
            raise missing(self._folder, physical)
        return connect(self._folder)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with translated(self._folder, self.name), self._catalog.locked(self._options.patience_s):
            yield
