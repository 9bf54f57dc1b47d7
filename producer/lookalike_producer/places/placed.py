"""What sources are, or why they are none."""

import glob
import os
from collections.abc import Iterator, Sequence
from functools import partial

from lookalike.errors import SourceMissing
from lookalike.shown import shown
from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, scheme_of
from lookalike_producer.braces import has_range, names
from lookalike_producer.named import absolute, existing, member, remote_scheme, unquoted
from lookalike_producer.places.files import check_alone, check_regular
from lookalike_producer.places.folders import globbed, in_folder
from lookalike_producer.places.kinds import WHAT_TO_GIVE, Listing, NamesOrPlaces, OneImage, Place, Places
from lookalike_producer.places.remote import in_store, on_web
from lookalike_producer.places.suffixes import LIST_SUFFIXES, is_plainly_an_image, is_table
from lookalike_producer.stores import one_object
from lookalike_producer.tables import standard_input
from lookalike_producer.tables.files import STDIN
from lookalike_producer.tables.formats import format_of
from lookalike_producer.tables.given import Given
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.web import placed_on_web

#: Addresses of stores among sources; of more, those that end as images do are not looked at.
MOST_ASKED = 100


def placed(sources: NamesOrPlaces) -> Places:
    """What the sources are; one may be several places. Raises SourceMissing."""
    return sources if isinstance(sources, Places) else Places(_placed_once(sources))


def _placed_once(sources: Sequence[str]) -> list[Place]:
    in_stores = sum(scheme_of(source) in STORE_SCHEMES for source in sources)
    each = partial(_each, asks_stores=in_stores <= MOST_ASKED)
    places = [place for source in sources for place in each(source)]
    if len(places) == 1 and isinstance(places[0], OneImage):
        if places[0].path.lower().endswith(".json"):
            return [TableSet(shown(places[0].path), (places[0].path,))]
        check_alone(places[0].path)
    return places


def _each(source: str, *, asks_stores: bool) -> Iterator[Place]:
    """The place of a source, or the places of a row of names, of which some may be missing."""
    if isinstance(source, Given):
        yield TableSet(source.name, (source,))
        return
    if not asks_stores and is_plainly_an_image(source):
        yield one_object(source)
        return
    if not has_range(source) or existing(source, os.getcwd()) is not None:
        yield from _placed(source)
        return
    if is_table(source):
        yield _row_of_tables(source)
        return
    has_any = False
    for name in names(source):
        is_there = existing(name, os.getcwd()) is not None or glob.has_magic(name) or remote_scheme(name) is not None
        has_any = has_any or is_there
        if scheme_of(name) in STORE_SCHEMES and not glob.has_magic(name):
            # The store is not asked for each of them.
            yield one_object(name)
        elif is_there:
            yield from _placed(name)
        else:
            # It is an image, or an archive, to be rejected.
            yield OneImage(absolute(os.path.expanduser(unquoted(name)), os.getcwd()))
    if not has_any:
        raise SourceMissing(f"There is no file of {shown(source)}.", WHAT_TO_GIVE)


def _row_of_tables(source: str) -> TableSet:
    """One table in several parts; one of them that is missing is a record. Raises SourceMissing if all local ones
    are."""
    found, has_any = [], False
    for name in names(source):
        if (scheme := scheme_of(name)) in STORE_SCHEMES:
            found.append(one_object(name).at.uri)
        elif scheme in WEB_SCHEMES:
            found.append(placed_on_web(name).url)
        else:
            path = existing(name, os.getcwd())
            has_any = has_any or path is not None
            found.append(path or absolute(os.path.expanduser(unquoted(name)), os.getcwd()))
    if not has_any and scheme_of(source) in ("", "file"):
        raise SourceMissing(f"There is no file of {shown(source)}.", WHAT_TO_GIVE)
    return TableSet(shown(source), tuple(found))


def _placed(source: str) -> list[Place]:
    if source == STDIN:
        return [TableSet("standard input", (STDIN,)) if standard_input.is_json() else Listing(STDIN)]
    if (scheme := scheme_of(source)) in STORE_SCHEMES:
        return [in_store(source)]
    if scheme in WEB_SCHEMES:
        return [on_web(source)]
    path = existing(source, os.getcwd()) or member(source, os.getcwd())
    if path is None:
        return [globbed(source)]
    if os.path.isdir(path):
        return in_folder(path.rstrip("/"))
    if os.path.isfile(path) and path.lower().endswith(LIST_SUFFIXES):
        return [Listing(path)]
    check_regular(path)
    if format_of(path) is not None:
        return [TableSet(shown(path), (path,))]
    return [OneImage(path)]
