"""Which documents belong to a source: those that could only be in the index because of it.

The scope of a folder is everything below it, that of a glob everything that it would match, but nothing that a pattern
excludes. A list, a single image and standard input have no scope, unless the caller names folders that they list
completely.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote_from_bytes

from lookalike.errors import ImageRejected, SourceMissing
from lookalike.shown import shown
from lookalike.storage import local_path
from lookalike_producer.named import existing
from lookalike_producer.places import Tree, placed
from lookalike_producer.walk.options import USUAL, WalkOptions
from lookalike_producer.walk.pattern import Pattern


@dataclass(frozen=True)
class Scope:
    """A folder, without a slash at its end, and the parts of a glob below it; None for everything below it."""

    folder: str
    pattern: tuple[str, ...] | None = None
    options: WalkOptions = USUAL

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
        inner = path.removeprefix(f"{self.folder}/")
        excludes = self.options.excludes
        return inner != path and (excludes is None or not excludes(inner)) and self._fits(inner)

    def _fits(self, inner: str) -> bool:
        return self._matcher is None or self._matcher.fits(inner.split("/"))

    @cached_property
    def _matcher(self) -> Pattern | None:
        return None if self.pattern is None else Pattern(self.pattern, include_hidden=self.options.include_hidden)


def scopes(sources: Sequence[str], within: Sequence[str] = (), options: WalkOptions = USUAL) -> list[Scope]:
    """The scopes of the sources, and of the folders `within` which they are complete. Raises SourceMissing."""
    trees = [place for place in placed(sources) if isinstance(place, Tree)]
    trees += [Tree(_folder(name)) for name in within]
    return [Scope(tree.folder, tree.parts if tree.is_glob else None, options) for tree in trees]


def walked(sources: Sequence[str], options: WalkOptions = USUAL) -> list[Scope]:
    """What the walk through the sources finds: less than their scopes, without hidden files and clutter."""
    trees = [place for place in placed(sources) if isinstance(place, Tree)]
    return [Scope(tree.folder, tree.parts, options) for tree in trees]


def _folder(name: str) -> str:
    path = existing(name, os.getcwd())
    if path is None or not os.path.isdir(path):
        raise SourceMissing(f"There is no folder {shown(name)}.", "Name an existing folder.")
    return path.rstrip("/")
