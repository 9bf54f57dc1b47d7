"""What a source is: a folder, glob, list, table, image, standard input, or a part of a store; or why it is none."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from lookalike.clutter import is_left_out
from lookalike.errors import SourceMissing
from lookalike.reading.archives.kinds import is_archive
from lookalike.shown import shown
from lookalike.storage import kind_of_file
from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, scheme_of
from lookalike_producer.archives.checking import check_archive
from lookalike_producer.braces import has_range, names
from lookalike_producer.named import absolute, existing, member, remote_scheme, unquoted
from lookalike_producer.refused import RefusedReference
from lookalike_producer.stores import StoreImage, StoreTree, one_object, placed_in_store, references
from lookalike_producer.tables import layouts, standard_input
from lookalike_producer.tables.files import STDIN
from lookalike_producer.tables.formats import format_of
from lookalike_producer.tables.given import Given
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.walk.options import USUAL
from lookalike_producer.walk.pattern import ANY_FOLDERS
from lookalike_producer.web import WebImage, placed_on_web

#: A file with one of these suffixes is a list of paths, one per line. Any other file is one image.
LIST_SUFFIXES = (".txt", ".lst", ".list")
#: Addresses of stores among sources; of more, those that end as images do are not looked at.
MOST_ASKED = 100
IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jxl"),
    *(".dng", ".nef", ".cr2", ".cr3", ".arw", ".raf", ".rw2", ".orf", ".pef", ".srw"),
)
#: Tables that are not read, although people name them.
OFFICE_SUFFIXES = (".xls", ".xlsx", ".ods", ".numbers")
#: Archives and compressed files that are not read.
OTHER_ARCHIVES = (".gz", ".bz2", ".tbz", ".tbz2", ".txz", ".xz", ".zst", ".lz4", ".7z", ".rar", ".cab", ".iso")

_KINDS = (
    "Give a folder, a glob in quotes, a table, a tar or zip, an address, a .txt list of paths, "
    "or - for a list on standard input."
)


@dataclass(frozen=True)
class Tree:
    """A folder, without a slash at its end, and the parts of a glob below it. `tables` in it describe its images: they
    are no images, and the folders are no labels."""

    folder: str
    parts: tuple[str, ...] = (ANY_FOLDERS,)
    is_glob: bool = False
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """A list of paths, in a file or on standard input."""

    path: str


@dataclass(frozen=True)
class OneImage:
    path: str


Place = Tree | Listing | OneImage | TableSet | StoreTree | StoreImage | WebImage


class Places(tuple[Place, ...]):
    """What some sources are, found out once: to look asks disks and stores."""


#: Sources by their names, or what they are.
NamesOrPlaces = Sequence[str] | Places


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
        _check_alone(places[0].path)
    return places


def _each(source: str, *, asks_stores: bool) -> Iterator[Place]:
    """The place of a source, or the places of a row of names, of which some may be missing."""
    if isinstance(source, Given):
        yield TableSet(source.name, (source,))
        return
    if not asks_stores and _is_plainly_an_image(source):
        yield one_object(source)
        return
    if not has_range(source) or existing(source, os.getcwd()) is not None:
        yield from _placed(source)
        return
    if _is_table(source):
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
        raise SourceMissing(f"There is no file of {shown(source)}.", _KINDS)


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
        raise SourceMissing(f"There is no file of {shown(source)}.", _KINDS)
    return TableSet(shown(source), tuple(found))


def _is_plainly_an_image(source: str) -> bool:
    """Whether an address of a store names one image, by its text."""
    key = source.partition("://")[2].partition("/")[2]
    return scheme_of(source) in STORE_SCHEMES and not glob.has_magic(key) and key.lower().endswith(IMAGE_SUFFIXES)


def _placed(source: str) -> list[Place]:
    if source == STDIN:
        return [TableSet("standard input", (STDIN,)) if standard_input.is_json() else Listing(STDIN)]
    if (scheme := scheme_of(source)) in STORE_SCHEMES:
        return [_in_store(source)]
    if scheme in WEB_SCHEMES:
        return [_on_web(source)]
    path = existing(source, os.getcwd()) or member(source, os.getcwd())
    if path is None:
        return [_glob(source)]
    if os.path.isdir(path):
        return _folder(path.rstrip("/"))
    if os.path.isfile(path) and path.lower().endswith(LIST_SUFFIXES):
        return [Listing(path)]
    _check_regular(path)
    if format_of(path) is not None:
        return [TableSet(shown(path), (path,))]
    return [OneImage(path)]


def _in_store(source: str) -> StoreTree | StoreImage | TableSet:
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
    for ref in references(place, USUAL, lambda folder: None):
        name = ref.uri.rpartition("/")[2]
        if isinstance(ref, RefusedReference) or _is_no_table(name):
            return ()
        if format_of(name) is not None:
            found.append(ref.uri)
    return tuple(sorted(found))


def _is_no_table(name: str) -> bool:
    return format_of(name) is None and not layouts.is_beside_tables(name)


def _on_web(source: str) -> WebImage | TableSet:
    place = placed_on_web(source)
    return TableSet(shown(place.url), (place.url,)) if _is_table(place.url) else place


def names_only(source: str) -> bool:
    """Whether a source names images one by one, as far as its own name tells: a list, a table or standard input. It
    says nothing about other images."""
    return source == STDIN or source.lower().endswith(LIST_SUFFIXES) or _is_table(source)


def _is_table(name: str) -> bool:
    """Whether a name promises a table, also that of a web address with a query."""
    return format_of(name.partition("?")[0] if scheme_of(name) in WEB_SCHEMES else name) is not None


def _folder(folder: str) -> list[Place]:
    if described := layouts.describing(folder):
        return [
            TableSet(shown(described[0] if len(described) == 1 else folder), described, True, folder),
            Tree(folder, tables=described),
        ]
    if tables := layouts.tables_only(folder, (ANY_FOLDERS,)):
        return [TableSet(shown(folder), tables, below=folder, pattern=(ANY_FOLDERS,))]
    return [Tree(folder)]


def _glob(source: str) -> Tree | TableSet:
    """The longest path that exists, and the parts behind it. Raises SourceMissing for what is no glob."""
    if (scheme := remote_scheme(source)) is not None:
        # The rest of the address may contain credentials and must not be in the message.
        raise SourceMissing(
            f"Sources at {scheme}:// cannot be read.",
            "Give s3://, gs://, az:// or https://; or copy or mount the images, and give their folder.",
        )
    if not glob.has_magic(source):
        raise SourceMissing(f"There is no {shown(source)}.", _KINDS)
    parts = absolute(os.path.expanduser(unquoted(source)), os.getcwd()).split("/")
    number = 1
    # A folder may have brackets in its name: what exists is no wildcard.
    while number < len(parts) - 1 and (not glob.has_magic(parts[number]) or _is_folder(parts[: number + 1])):
        number += 1
    folder = "/".join(parts[:number])
    tree = Tree((existing(folder or "/", "/") or folder).rstrip("/"), tuple(parts[number:]), is_glob=True)
    tables = layouts.tables_only(tree.folder, tree.parts)
    return TableSet(shown(source), tables, below=tree.folder, pattern=tree.parts) if tables else tree


def _is_folder(parts: Sequence[str]) -> bool:
    return os.path.isdir("/".join(parts))


def _check_regular(path: str) -> None:
    """Raises SourceMissing for a FIFO, a socket or a device: nothing opens it."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        # It is rejected with the reason.
        return
    if not stat.S_ISREG(mode):
        raise SourceMissing(f"{shown(path)} is not a file but {kind_of_file(mode)}.", _KINDS)


def _check_alone(path: str) -> None:
    """Raises SourceMissing for a document of an office program or an archive; among other sources it is rejected as any
    file."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in OFFICE_SUFFIXES:
        raise SourceMissing(f"{shown(path)} is a document of an office program.", "Save its table as CSV.")
    if is_archive(path):
        check_archive(path)
    elif suffix in OTHER_ARCHIVES:
        raise SourceMissing(
            f"{shown(path)} is an archive of a kind that is not read.", "Make a tar or zip, or unpack it."
        )
