"""Which documents belong to a source: those that could only be in the index because of it.

The scope of a folder or of a prefix of a store is everything below it, that of a glob everything that it would match,
that of an archive its members, but nothing that a pattern excludes. A list, a table and standard input have their rows
that name no image, and a single image has nothing, unless the caller names folders or addresses that they list
completely.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from lookalike.errors import ImageRejected, SourceMissing
from lookalike.reading.archives.kinds import is_archive
from lookalike.reading.places import ARCHIVE, LOCAL, kind_of
from lookalike.shown import shown
from lookalike.storage import beginnings, local_path, local_uri, named_uri
from lookalike.uris import (
    STORE_SCHEMES,
    WEB_SCHEMES,
    Member,
    is_remote,
    is_row,
    member_of,
    scheme_of,
    web_url,
    without_credentials,
)
from lookalike_producer.lists import list_name
from lookalike_producer.named import existing
from lookalike_producer.places import NamesOrPlaces, OneImage, Place, Tree, placed
from lookalike_producer.stores import StoreImage, StoreTree
from lookalike_producer.tables.files import table_file
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.walk.options import USUAL, WalkOptions
from lookalike_producer.walk.pattern import Pattern
from lookalike_producer.web import WebImage


class Scope(Protocol):
    """A part of an index by the uris of its documents."""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """How the uris in here start."""

    def covers(self, uri: str) -> bool:
        """Whether the source would find an image that lies at `uri`."""


@dataclass(frozen=True)
class _Below:
    """What lies below a folder and fits the parts of a glob (None: everything), but for what is excluded."""

    pattern: tuple[str, ...] | None = None
    options: WalkOptions = USUAL

    def fits(self, inner: str) -> bool:
        excludes = self.options.excludes
        if excludes is not None and excludes(inner):
            return False
        return self._matcher is None or self._matcher.fits(inner.split("/"))

    @cached_property
    def _matcher(self) -> Pattern | None:
        return None if self.pattern is None else Pattern(self.pattern, include_hidden=self.options.include_hidden)


@dataclass(frozen=True)
class FolderScope:
    """A folder, without a slash at its end, and the parts of a glob below it; None for everything below it."""

    folder: str
    pattern: tuple[str, ...] | None = None
    options: WalkOptions = USUAL

    @property
    def prefixes(self) -> tuple[str, ...]:
        return beginnings(self.folder)

    def covers(self, uri: str) -> bool:
        """A member of an archive belongs where the archive does."""
        member = _local_member(uri)
        try:
            path = local_path(member.archive if member else uri)
        except ImageRejected:
            return False
        inner = path.removeprefix(f"{self.folder}/")
        excludes = self.options.excludes
        if inner == path or (member and excludes is not None and excludes(member.name)):
            return False
        return self._below.fits(inner)

    @cached_property
    def _below(self) -> _Below:
        return _Below(self.pattern, self.options)


@dataclass(frozen=True)
class PrefixScope:
    """All uris that begin with `prefix`, which ends with a slash, and the parts of a glob behind it."""

    prefix: str
    pattern: tuple[str, ...] | None = None
    options: WalkOptions = USUAL

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (self.prefix,)

    def covers(self, uri: str) -> bool:
        """A member of an archive belongs where the archive does."""
        if not uri.startswith(self.prefix):
            return False
        member = member_of(uri) if "#" in uri else None
        excludes = self.options.excludes
        if member and excludes is not None and excludes(member.name):
            return False
        return self._below.fits((member.archive if member else uri)[len(self.prefix) :])

    @cached_property
    def _below(self) -> _Below:
        return _Below(self.pattern, self.options)


@dataclass(frozen=True)
class InnerScope:
    """The members of an archive. The archive itself is in it, as it may be rejected as a whole."""

    container: str
    options: WalkOptions = USUAL

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (f"{self.container}#",)

    def covers(self, uri: str) -> bool:
        if uri == self.container:
            return True
        name = uri.removeprefix(f"{self.container}#")
        excludes = self.options.excludes
        return name != uri and (excludes is None or not excludes(name))


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


def covered(uri: str, scopes: Iterable[Scope]) -> bool:
    """Whether one of the scopes covers a uri."""
    return any(scope.covers(uri) for scope in scopes)


def scopes(sources: NamesOrPlaces, within: Sequence[str] = (), options: WalkOptions = USUAL) -> list[Scope]:
    """The scopes of the sources, and of the folders and addresses `within` which they are complete.

    Raises SourceMissing, and what `placed` raises.
    """
    found = [scope for place in placed(sources) for scope in _scopes(place, options)]
    return found + [_within(name, options) for name in within]


def walked(sources: NamesOrPlaces, options: WalkOptions = USUAL) -> list[FolderScope]:
    """What the walk through folders finds: less than their scopes, without hidden files and clutter."""
    trees = [place for place in placed(sources) if isinstance(place, Tree)]
    return [FolderScope(tree.folder, tree.parts, options) for tree in trees]


def _scopes(place: Place, options: WalkOptions) -> list[Scope]:
    if isinstance(place, Tree):
        found = FolderScope(place.folder, place.parts if place.is_glob else None, options)
        return [found, WalkScope(place.folder, place.parts, options)]
    if isinstance(place, StoreTree):
        return [PrefixScope(place.folder.uri, place.parts if place.is_glob else None, options)]
    if isinstance(place, OneImage | StoreImage | WebImage):
        uri = _uri(place)
        return [InnerScope(uri, options)] if is_archive(uri) else []
    if isinstance(place, TableSet):
        # A table says nothing about images that it does not name, nor does a list.
        below = [RowsBelow(_tables_below(place, options))] if place.below else []
        return [*below, *(RowScope(table_file(path).uri) for path in place.paths)]
    return [RowScope(list_name(place.path), is_table=False)]


def _tables_below(place: TableSet, options: WalkOptions) -> FolderScope | PrefixScope:
    if is_remote(place.below):
        return PrefixScope(place.below, place.pattern, options)
    return FolderScope(place.below, place.pattern, options)


def _uri(place: OneImage | StoreImage | WebImage) -> str:
    if isinstance(place, OneImage):
        return named_uri(place.path)
    return place.at.uri if isinstance(place, StoreImage) else place.url


def _within(name: str, options: WalkOptions) -> Scope:
    scheme = scheme_of(name)
    if scheme in STORE_SCHEMES:
        return PrefixScope(f"{name.removesuffix('/')}/", options=options)
    if scheme in WEB_SCHEMES:
        try:
            return PrefixScope(f"{web_url(name).removesuffix('/')}/", options=options)
        except ValueError as error:
            what = f"{shown(without_credentials(name))} is no address: {error}."
            raise SourceMissing(what, "Name an address such as https://host/pictures/.") from error
    return FolderScope(_folder(name), None, options)


def _folder(name: str) -> str:
    path = existing(name, os.getcwd())
    if path is None or not os.path.isdir(path):
        raise SourceMissing(f"There is no folder {shown(name)}.", "Name an existing folder, or an address.")
    return path.rstrip("/")


def _local_member(uri: str) -> Member | None:
    member = member_of(uri) if "#" in uri else None
    return member if member is not None and kind_of(uri) == ARCHIVE else None
