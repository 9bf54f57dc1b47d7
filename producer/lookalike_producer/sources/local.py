"""What folders, globs, lists and single files hold."""

import os
from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from lookalike.records import ImageRef
from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, is_remote, scheme_of, without_credentials
from lookalike_producer.labels import Label
from lookalike_producer.lists import PathList, stdin_paths
from lookalike_producer.no_match import no_match
from lookalike_producer.places import Listing, OneImage, Tree
from lookalike_producer.refused import RefusedReference
from lookalike_producer.sources.references import Item
from lookalike_producer.stores import listed_object
from lookalike_producer.tables.files import STDIN
from lookalike_producer.walk.options import WalkOptions
from lookalike_producer.walk.pattern import Pattern
from lookalike_producer.walk.walker import Found, Unlisted, Walker
from lookalike_producer.web import web_reference


def found_in(place: Tree | Listing | OneImage, walker: Walker, options: WalkOptions, label: Label) -> Iterable[Item]:
    """Folder and name of each file; references of what is no file. Raises SourceMissing for a glob without a match."""
    if isinstance(place, Tree):
        found = walker.walk(place.folder, Pattern(place.parts, include_hidden=options.include_hidden))
        if place.tables:
            return _beside(found, place.tables)
        return _with_match(found, place, walker) if place.is_glob else found
    if isinstance(place, OneImage):
        return _split((place.path,), os.path.dirname(place.path), options, label)
    if place.path == STDIN:
        return _split(stdin_paths(), os.getcwd(), options, label)
    return _split(PathList(place.path), os.path.dirname(place.path), options, label)


def _beside(found: Iterator[Found | Unlisted], tables: Collection[str]) -> Iterator[Found | Unlisted]:
    """What lies in a folder beside the tables that describe it."""
    return (item for item in found if isinstance(item, Unlisted) or "/".join(item) not in tables)


def _with_match(found: Iterator[Found | Unlisted], place: Tree, walker: Walker) -> Iterator[Found | Unlisted]:
    """What a glob matches. Raises SourceMissing, now, if it is nothing, and no link to follow may lead to more."""
    first = next(found, None) if os.path.isdir(place.folder or "/") else None
    if first is None and not walker.has_links:
        raise no_match(place)
    return found if first is None else chain((first,), found)


def _split(
    paths: Iterable[str | RefusedReference], base: str, options: WalkOptions, label: Label
) -> Iterator[Found | ImageRef]:
    """Folder and name of listed paths; those that are excluded are left out, hidden ones are not."""
    excludes = options.excludes_next
    for path in paths:
        if isinstance(path, RefusedReference):
            yield path
        elif is_remote(path):
            yield _listed_uri(path, label)
        elif excludes is None or not excludes(path.removeprefix(f"{base}/").lstrip("/")):
            folder, _, name = path.rpartition("/")
            yield folder, name


def _listed_uri(uri: str, label: Label) -> ImageRef:
    """The reference of what is no file; a worker says why it reads no other schemes."""
    scheme = scheme_of(uri)
    if scheme in STORE_SCHEMES:
        return listed_object(uri, label)
    return web_reference(uri) if scheme in WEB_SCHEMES else ImageRef(without_credentials(uri))
