"""Which documents belong to a source: those that could only be in the index because of it.

The scope of a folder is everything below it, that of a glob everything that it would match. A list, a single image
and standard input have no scope, unless the caller names folders that they list completely.
"""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote_from_bytes

from lookalike.errors import ImageRejected, SourceMissing
from lookalike.shown import shown
from lookalike.storage import local_path
from lookalike_producer.sources import STDIN


@dataclass(frozen=True)
class Scope:
    """A folder, without a slash at its end, and the parts of a glob below it; None for everything below it."""

    folder: str
    pattern: tuple[str, ...] | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """How URIs in here start: as plain paths, and percent-encoded if a name is not UTF-8."""
        encoded = f"file://{quote_from_bytes(os.fsencode(self.folder))}/"
        try:
            self.folder.encode()
        except UnicodeEncodeError:
            return (encoded,)
        return (f"{self.folder}/", encoded)

    def covers(self, uri: str) -> bool:
        """Whether the source would find an image that lies at `uri`."""
        try:
            path = local_path(uri)
        except ImageRejected:
            return False
        names = path.removeprefix(f"{self.folder}/")
        return names != path and (self.pattern is None or _fits(names.split("/"), self.pattern))


def scopes(sources: Sequence[str], within: Sequence[str] = ()) -> list[Scope]:
    """The scopes of the sources, and of the folders `within` which they are complete. Raises SourceMissing."""
    for folder in within:
        if not os.path.isdir(os.path.expanduser(folder)):
            raise SourceMissing(f"There is no folder {shown(folder)}.", "Name an existing folder.")
    return [scope for source in (*sources, *within) for scope in _scope(source)]


def _scope(source: str) -> Iterator[Scope]:
    # The same order of checks as in `sources`.
    path = os.path.abspath(os.path.expanduser(source))
    if source == STDIN:
        return
    if os.path.isdir(path):
        yield Scope(path.rstrip("/"))
    elif not os.path.lexists(path) and glob.has_magic(source):
        yield _of_glob(path)


def _of_glob(path: str) -> Scope:
    """Split before the first part that has a wildcard."""
    parts = path.split("/")
    first = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    return Scope("/".join(parts[:first]), tuple(parts[first:]))


def _fits(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Match as `glob` does: `**` is any number of folders, and a hidden name needs a part that starts with a dot."""
    if not pattern:
        return not names
    if pattern[0] == "**":
        visible = next((number for number, name in enumerate(names) if _is_hidden(name)), len(names))
        return any(_fits(names[count:], pattern[1:]) for count in range(visible + 1))
    return bool(names) and _name_fits(names[0], pattern[0]) and _fits(names[1:], pattern[1:])


def _name_fits(name: str, pattern: str) -> bool:
    if not glob.has_magic(pattern):
        return name == pattern
    return fnmatchcase(name, pattern) and (not _is_hidden(name) or _is_hidden(pattern))


def _is_hidden(name: str) -> bool:
    return name.startswith(".")
