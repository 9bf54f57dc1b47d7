"""Addresses of stores and of web hosts."""

from lookalike.clutter import is_left_out
from lookalike.shown import shown
from lookalike_producer.labels import NO_LABEL
from lookalike_producer.places.suffixes import is_table
from lookalike_producer.refused import RefusedReference
from lookalike_producer.stores import StoreImage, StoreTree, placed_in_store, references
from lookalike_producer.tables import layouts
from lookalike_producer.tables.formats import format_of
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.walk.options import USUAL
from lookalike_producer.web import WebImage, placed_on_web


def in_store(source: str) -> StoreTree | StoreImage | TableSet:
    place = placed_in_store(source)
    if isinstance(place, StoreImage) and format_of(place.at.key) is not None:
        return TableSet(shown(place.at.uri), (place.at.uri,))
    if isinstance(place, StoreTree) and (tables := _tables_only(place)):
        return TableSet(shown(source), tables, below=place.folder.uri, pattern=place.parts)
    return place


def _tables_only(place: StoreTree) -> tuple[str, ...]:
    """The tables of a prefix or a glob, in the order of their names; none if there are other objects as well. It looks
    no further than the first one that is no table."""
    *folders, first = place.first.split("/")
    if first and not place.is_glob and not any(map(is_left_out, (*folders, first))) and _is_no_table(first):
        # Most prefixes hold images: no further listing is needed to know.
        return ()
    found: list[str] = []
    for ref in references(place, USUAL, NO_LABEL):
        name = ref.uri.rpartition("/")[2]
        if isinstance(ref, RefusedReference) or _is_no_table(name):
            return ()
        if format_of(name) is not None:
            found.append(ref.uri)
    return tuple(sorted(found))


def _is_no_table(name: str) -> bool:
    return format_of(name) is None and not layouts.is_beside_tables(name)


def on_web(source: str) -> WebImage | TableSet:
    place = placed_on_web(source)
    return TableSet(shown(place.url), (place.url,)) if is_table(place.url) else place
