"""The scopes of sources."""

import os
from collections.abc import Sequence

from lookalike.errors import SourceMissing
from lookalike.reading.archives.kinds import is_archive
from lookalike.shown import shown
from lookalike.storage import named_uri
from lookalike.uris import (
    STORE_SCHEMES,
    WEB_SCHEMES,
    is_remote,
    scheme_of,
    web_url,
    without_credentials,
)
from lookalike_producer.lists import list_name
from lookalike_producer.named import existing
from lookalike_producer.places import NamesOrPlaces, OneImage, Place, Tree, placed
from lookalike_producer.scope.base import Scope
from lookalike_producer.scope.images import FolderScope, InnerScope, PrefixScope
from lookalike_producer.scope.records import RowsBelow, RowScope, WalkScope
from lookalike_producer.stores import StoreImage, StoreTree
from lookalike_producer.tables.files import table_file
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.walk.options import USUAL, WalkOptions
from lookalike_producer.web import WebImage


def scopes(sources: NamesOrPlaces, within: Sequence[str] = (), options: WalkOptions = USUAL) -> list[Scope]:
    """The scopes of the sources, and of the folders and addresses `within` which they are complete.

    Raises SourceMissing, and what `placed` raises.
    """
    found = [scope for place in placed(sources) for scope in _scopes(place, options)]
    return found + [_within(name, options) for name in within]


def walked(sources: NamesOrPlaces, options: WalkOptions = USUAL) -> list[FolderScope]:
    """What the walk through folders finds: less than their scopes, without hidden files and clutter."""
    trees = [place for place in placed(sources) if isinstance(place, Tree)]
    return [FolderScope(tree.folder, tree.parts, options.within(tree.folder)) for tree in trees]


def _scopes(place: Place, options: WalkOptions) -> list[Scope]:
    if isinstance(place, Tree):
        options = options.within(place.folder)
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
