"""LanceDB without its client of remote catalogs, which makes the import three times faster.

The client's thousand generated classes take 1.9 of the 2.7 CPU seconds of LanceDB's import, and local tables need none
of them. While LanceDB is imported here, the names that it imports from the client are empty classes. The package
`overrides` reads the bytecode of each method that it decorates, to check LanceDB's own code; here it checks nothing.
A later import of these packages, and a LanceDB that was imported before, are complete. Import LanceDB from this module
only.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TypeVar

CLIENT = "lance_namespace_urllib3_client"
CHECKS = "overrides"

Method = TypeVar("Method")


def _unchecked(method: Method) -> Method:
    """In the place of the decorator `override`."""
    return method


class _StubModule(ModuleType):
    """A module whose every attribute is an empty class."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        stub = type(name, (), {})
        setattr(self, name, stub)
        return stub


class _StubFinder(MetaPathFinder, Loader):
    """Finds stub modules in place of these packages'."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in (CLIENT, CHECKS) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StubModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == CHECKS:
            module.override = _unchecked  # type: ignore[attr-defined]


@contextmanager
def _stubbed() -> Iterator[None]:
    finder = _StubFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _StubModule)]:
            del sys.modules[name]


with _stubbed():
    import lancedb
    from lancedb.background_loop import LOOP
    from lancedb.index import BTree, IvfSq
    from lancedb.query import ColumnOrdering

__all__ = ["LOOP", "BTree", "ColumnOrdering", "IvfSq", "lancedb"]
