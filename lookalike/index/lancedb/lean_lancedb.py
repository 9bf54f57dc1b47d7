"""LanceDB without its client of remote catalogs: the one place that imports it, because that must be settled before.

The client's thousand generated classes take 1.9 of the 2.7 CPU seconds that LanceDB takes to import, and a local table
needs none of them. While LanceDB is imported, names that it takes from there are empty classes; later imports of the
client, and a LanceDB that somebody imported before us, are whole.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

CLIENT = "lance_namespace_urllib3_client"


class _Hollow(ModuleType):
    """A module with a class of any name."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (), {})
        setattr(self, name, made)
        return made


class _Left(MetaPathFinder, Loader):
    """Finds hollow modules where the client and its parts would be."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] == CLIENT else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Hollow(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


@contextmanager
def _left_out() -> Iterator[None]:
    finder = _Left()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _Hollow)]:
            del sys.modules[name]


with _left_out():
    import lancedb
    from lancedb.index import BTree

__all__ = ["BTree", "lancedb"]
