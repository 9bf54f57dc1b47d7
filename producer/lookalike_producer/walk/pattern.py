"""The parts of a glob below a folder, matched name by name: on a walk, and for documents of the index."""

import glob
import re
from collections.abc import Callable, Sequence
from fnmatch import translate

from lookalike.clutter import is_left_out
from lookalike_producer.walk.options import composed

ANY_FOLDERS = "**"

#: The numbers of the parts that the next name may match: `**` allows several.
Positions = frozenset[int]
NOWHERE: Positions = frozenset()


class Pattern:
    """`**` is any number of folders. A part matches the name that it is, and every name that fits its wildcards.

    A hidden name needs a part that starts with a dot, and clutter a part that is its name, unless `include_hidden`.
    """

    def __init__(self, parts: Sequence[str], *, include_hidden: bool = False) -> None:
        self._parts = tuple(map(composed, parts))
        self._fits = [_wildcards(part) for part in self._parts]
        self._include_hidden = include_hidden
        self.start = self._closed([0])
        #: Whether it matches every name that is not left out.
        self.is_everything = self._parts == (ANY_FOLDERS,)

    def step(self, positions: Positions, name: str) -> tuple[bool, Positions]:
        """Whether a file of this name matches, and where the names in a folder of this name start."""
        name = composed(name)
        is_visible = self._include_hidden or not is_left_out(name)
        is_match, following = False, []
        for position in positions:
            if self._matches(position, name, is_visible):
                is_match |= position == len(self._parts) - 1
                following.append(position + (self._parts[position] != ANY_FOLDERS))
        return is_match, self._closed(following)

    def fits(self, names: Sequence[str]) -> bool:
        """Whether the names, of folders and of a file in the last one, match."""
        positions = self.start
        for name in names[:-1]:
            positions = self.step(positions, name)[1]
        return bool(names) and self.step(positions, names[-1])[0]

    def leads_to(self, names: Sequence[str]) -> bool:
        """Whether something may match in the folder to which the names of folders lead."""
        positions = self.start
        for name in names:
            positions = self.step(positions, name)[1]
        return bool(positions)

    def _matches(self, position: int, name: str, is_visible: bool) -> bool:
        part = self._parts[position]
        if part == ANY_FOLDERS:
            return is_visible
        fits = self._fits[position]
        if name == part or fits is None:
            return name == part
        return (is_visible or (name[0] == "." and part[0] == ".")) and fits(name) is not None

    def _closed(self, positions: Sequence[int]) -> Positions:
        """With the positions behind every `**`, which may be no folder at all."""
        reached = set()
        for position in positions:
            while position < len(self._parts):
                reached.add(position)
                if self._parts[position] != ANY_FOLDERS:
                    break
                position += 1
        return frozenset(reached)


def _wildcards(part: str) -> Callable[[str], re.Match[str] | None] | None:
    return re.compile(translate(part)).match if glob.has_magic(part) else None
