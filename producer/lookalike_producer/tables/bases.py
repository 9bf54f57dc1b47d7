"""Where the relative uris of tables start."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from lookalike.errors import BadSetting, SourceMissing
from lookalike.shown import shown
from lookalike.storage import local_path
from lookalike.uris import is_remote
from lookalike_producer.named import existing
from lookalike_producer.tables.addresses import Addresses, Where
from lookalike_producer.tables.locating import are_there, located


class Bases:
    """The folder or address that a person names as `base`, or else the folder of each table. Raises BadSetting."""

    def __init__(self, base: str | None) -> None:
        self.named = None if base is None else _checked(base)
        self._where: dict[str, tuple[Where, ...]] = {}

    def of(self, folder: str) -> str:
        """Where the relative uris of a table in this folder start."""
        return self.named or folder

    def check(self, name: str, base: str, values: Sequence[Any]) -> None:
        """Raises SourceMissing for relative paths in the table called `name` that start at the working folder."""
        here = (Where(os.getcwd()),)
        if self.named is None and not is_remote(base) and are_there(here, values):
            where = self._where[base] = located(base, values)
            if not are_there(where, values):
                raise SourceMissing(
                    f"The paths in {name} do not start at its folder, but at the working folder.",
                    "Say so with --base . (base='.').",
                )

    def addresses(self, folder: str, within: str, first_uris: Callable[[], Sequence[Any]]) -> Addresses:
        """The addresses that the rows of a table in this folder name; below `within`, unless a base is named."""
        base = self.of(folder)
        if base not in self._where:
            self._where[base] = located(base, first_uris())
        return Addresses(base, self._where[base], "" if self.named else within)


def _checked(base: str) -> str:
    if is_remote(base):
        return base.rstrip("/")
    path = existing(base, os.getcwd())
    if path is None or not os.path.isdir(path):
        raise BadSetting(f"There is no folder {shown(base)} for relative paths.", "Give --base an existing folder.")
    return local_path(path).rstrip("/") or "/"
