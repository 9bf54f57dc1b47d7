"""Scopes of what is recorded as rejected, and is no image."""

import os
from dataclasses import dataclass
from functools import cached_property

from lookalike.reading.places import LOCAL, kind_of
from lookalike.storage import beginnings, local_path, local_uri
from lookalike.uris import (
    is_row,
)
from lookalike_producer.scope.images import FolderScope, PrefixScope
from lookalike_producer.walk.options import USUAL, WalkOptions
from lookalike_producer.walk.pattern import Pattern


@dataclass(frozen=True)
class WalkScope:
    """The folders that a walk lists, each of which may be rejected if it cannot be listed: records, and no document."""

    folder: str
    pattern: tuple[str, ...]
    options: WalkOptions = USUAL

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (local_uri(self.folder or "/"), *beginnings(self.folder))

    def covers(self, uri: str) -> bool:
        if kind_of(uri) != LOCAL or not os.path.isdir(path := local_path(uri)):
            return False
        inner = f"{path.rstrip('/')}/".removeprefix(f"{self.folder}/")
        excludes = self.options.excludes
        is_excluded = excludes is not None and inner and excludes(inner)
        return not inner.startswith("/") and not is_excluded and self._matcher.leads_to(inner.split("/")[:-1])

    @cached_property
    def _matcher(self) -> Pattern:
        return Pattern(self.pattern, include_hidden=self.options.include_hidden)


@dataclass(frozen=True)
class RowScope:
    """The rows of a table, or the lines of a list, that name no image: records of rejections, and no document. A table
    itself is in it, as it may be rejected as a whole."""

    container: str
    is_table: bool = True

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (f"{self.container}#",)

    def covers(self, uri: str) -> bool:
        if uri == self.container:
            return self.is_table
        return uri.startswith(f"{self.container}#row=") and is_row(uri)


@dataclass(frozen=True)
class RowsBelow:
    """The rows of the tables in a scope, also of those that are gone."""

    tables: FolderScope | PrefixScope

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self.tables.prefixes

    def covers(self, uri: str) -> bool:
        return is_row(uri) and self.tables.covers(uri.rpartition("#")[0])


#: Scopes of what is recorded as rejected, and is no image.
OF_RECORDS = (RowScope, RowsBelow, WalkScope)
