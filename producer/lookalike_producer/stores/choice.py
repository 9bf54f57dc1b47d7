"""Chooses the keys of a store."""

from typing import TYPE_CHECKING

from lookalike_producer.stores.kinds import StoreTree
from lookalike_producer.walk.options import WalkOptions
from lookalike_producer.walk.pattern import NOWHERE, Pattern, Positions

if TYPE_CHECKING:
    from lookalike.reading.stores.client import Entry


#: Hadoop marks a folder by an empty object of this name.
_FOLDER_MARK = "_$folder$"


class Choice:
    """Chooses keys as a walk chooses files. Remembers what it knows of the last folder, because keys come in order."""

    def __init__(self, tree: StoreTree, options: WalkOptions) -> None:
        self._start = len(tree.folder.key)
        self._pattern = Pattern(tree.parts, include_hidden=options.include_hidden)
        self._excludes = options.excludes_next
        self._last: str | None = None
        self._positions: Positions = NOWHERE

    def takes(self, entry: "Entry") -> bool:
        if entry.size_bytes == 0 and entry.key.endswith(("/", _FOLDER_MARK)):
            return False
        inner = entry.key[self._start :]
        folder, slash, name = inner.rpartition("/")
        if folder + slash != self._last:
            self._last, self._positions = folder + slash, self._in_folder(folder, bool(slash))
        if not self._positions or not self._pattern.step(self._positions, name)[0]:
            return False
        return self._excludes is None or not self._excludes(inner)

    def _in_folder(self, folder: str, has_folder: bool) -> Positions:
        """Where the pattern is in a folder; nowhere in one that is excluded or left out."""
        positions, path = self._pattern.start, ""
        for name in folder.split("/") if has_folder else ():
            path += f"{name}/"
            if self._excludes is not None and self._excludes(path):
                return NOWHERE
            positions = self._pattern.step(positions, name)[1]
        return positions
