"""Turns sources into image references, one at a time, so that memory does not grow with the source."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise

from lookalike.errors import BadSetting, SourceUnavailable
from lookalike.reading.archives.kinds import is_archive
from lookalike.records import ImageRef
from lookalike.shown import shown
from lookalike.storage import local_uri, named_uri, reason_of
from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, is_remote, member_of, scheme_of, without_credentials
from lookalike_producer.archives.beside import is_sidecar, shard_finder
from lookalike_producer.archives.chosen import Chosen
from lookalike_producer.archives.listing import ArchiveLister, Open
from lookalike_producer.archives.ranges import ranges_of
from lookalike_producer.archives.reports import is_report, without_reports
from lookalike_producer.lists import PathList, stdin_paths
from lookalike_producer.named import absolute, unquoted
from lookalike_producer.no_match import no_match
from lookalike_producer.part import Part
from lookalike_producer.places import Listing, NamesOrPlaces, OneImage, Place, Tree, placed
from lookalike_producer.refused import RefusedReference, UnlistedFolder
from lookalike_producer.scope import covered
from lookalike_producer.seen import each_once
from lookalike_producer.stores import StoreImage, StoreTree, listed_object, reference, references
from lookalike_producer.tables.files import STDIN
from lookalike_producer.tables.options import AS_FOUND, TableOptions
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.tables.source import TableSource
from lookalike_producer.walk.options import USUAL, WalkOptions
from lookalike_producer.walk.pattern import ANY_FOLDERS, Pattern
from lookalike_producer.walk.walker import Found, Unlisted, Walker
from lookalike_producer.web import WebImage, web_reference

#: The label of the images in a folder.
Label = Callable[[str], str | None]
#: What a source finds: a file, a folder that could not be listed, or the finished reference of what is no file.
Item = Found | Unlisted | ImageRef
#: Called with the topmost folder of each device that holds images, at the end of a walk.
OnMounts = Callable[[set[str]], None]


def find_images(
    sources: NamesOrPlaces,
    label_from: str = "parent",
    options: WalkOptions = USUAL,
    on_mounts: OnMounts | None = None,
    tables: TableOptions | TableSource = AS_FOUND,
    open_archive: Open = ranges_of,
    *,
    is_preview: bool = False,
) -> Iterator[ImageRef]:
    """The images of folders (recursive), prefixes of stores, globs, lists, tables and single images, in no particular
    order, each once.

    `tables` are the columns to take, or what `find_tables` has found. A folder that cannot be listed is an
    UnlistedFolder, a row that names no image a RefusedReference. All sources are checked before this returns. Raises
    SourceMissing, BadSetting, AccessDenied, MissingExtra, SourceUnavailable; and while it goes on, SourceMissing,
    SourceUnavailable, ResourceExhausted, DiskFull. A store that is away for long ends its own source only: the error is
    raised behind all other sources. A preview does not wait for the end of an archive (see `ArchiveLister`).
    """
    label = _labeller(label_from)
    places = placed(sources)
    if isinstance(tables, TableOptions):
        tables = _tables(places, tables, options)
    walker = Walker(options)
    archives = ArchiveLister(options, label_from != "none", open_archive, Chosen(tables.options), is_preview)
    found = [_labelled(place, walker, archives, label) for place in places if not isinstance(place, TableSet)]
    others = [*found, _references(walker.linked(), label, archives)]
    if any(isinstance(place, TableSet) for place in places):
        others = [tables.references(), *(_beside_tables(images, tables) for images in others)]
    images = _one_after_the_other(others)
    if _may_overlap(places):
        images = each_once(images)
    return images if on_mounts is None else _with_mounts(images, walker, on_mounts)


def find_changed(
    part: Part, label_from: str, options: WalkOptions, columns: TableOptions = AS_FOUND
) -> Iterator[ImageRef]:
    """The images of a part, as `find_images` finds them. Raises BadSetting, ResourceExhausted."""
    archives = ArchiveLister(options, has_labels=label_from != "none", chosen=Chosen(columns))
    return _references(_walked(part, options), _labeller(label_from), archives)


def _walked(part: Part, options: WalkOptions) -> Iterator[Item]:
    """What a walk through the sources finds of a part."""
    everything = Pattern((ANY_FOLDERS,), include_hidden=options.include_hidden)
    below = (Walker(WalkOptions(include_hidden=options.include_hidden)).walk(one, everything) for one in part.folders)
    files = ((os.path.dirname(path), os.path.basename(path)) for path in part.files)
    for item in chain(files, chain.from_iterable(below)):
        if isinstance(item, Unlisted):
            # A folder may be gone again.
            is_found = os.path.lexists(item.path)
        else:
            is_found = covered(local_uri("/".join(item)), part.walked)
        if is_found:
            yield item


def find_tables(sources: NamesOrPlaces, columns: TableOptions = AS_FOUND, options: WalkOptions = USUAL) -> TableSource:
    """The tables among the sources, with the columns that are taken. Raises SourceMissing, BadSetting,
    SourceUnavailable."""
    return _tables(placed(sources), columns, options)


def _tables(places: Sequence[Place], columns: TableOptions, options: WalkOptions) -> TableSource:
    return TableSource([place for place in places if isinstance(place, TableSet)], columns, options.excludes)


def why_none(sources: Sequence[str], options: WalkOptions) -> str:
    """A sentence for sources in which no image was found. Raises as `find_images` does."""
    if all(isinstance(source, TableSet) for source in placed(sources)):
        return "The table has no rows." if len(sources) == 1 else "The tables have no rows."
    place = "The source holds" if len(sources) == 1 else "The sources hold"
    everything = WalkOptions(options.follow_links, include_hidden=True)
    if (
        STDIN in sources
        or everything == options
        or next(find_images(sources, options=everything, is_preview=True), None) is None
    ):
        return f"{place} no files."
    return f"{place} only files that a walk leaves out. See --include-hidden and --exclude."


def _with_mounts(references: Iterator[ImageRef], walker: Walker, on_mounts: OnMounts) -> Iterator[ImageRef]:
    yield from references
    on_mounts(walker.mounts)


def _one_after_the_other(found: Iterable[Iterable[ImageRef]]) -> Iterator[ImageRef]:
    """What all sources hold. Raises SourceUnavailable at the end, for the first that broke off."""
    broken: SourceUnavailable | None = None
    for items in found:
        try:
            yield from items
        except SourceUnavailable as error:
            broken = broken or error
    if broken is not None:
        raise broken


def _beside_tables(images: Iterable[ImageRef], tables: TableSource) -> Iterator[ImageRef]:
    """What lies beside tables, behind their rows. A row that could not be read may describe any of these images: their
    documents keep label and metadata."""
    for ref in images:
        yield ref if tables.is_complete or isinstance(ref, RefusedReference) else replace(ref, keeps_metadata=True)


def _labeller(label_from: str) -> Label:
    if label_from == "parent":
        return _name
    if label_from == "none":
        return _no_label
    raise BadSetting(f"A label cannot come from {shown(label_from)}.", "Use parent (the name of the folder) or none.")


def label_of_path(label_from: str) -> Label:
    """The label of an image whose path or address alone is known. Raises BadSetting."""
    label = _labeller(label_from)
    return lambda path: None if scheme_of(path) in WEB_SCHEMES else label(os.path.dirname(_whole(path)))


def _whole(path: str) -> str:
    return path if is_remote(path) else absolute(os.path.expanduser(unquoted(path)), os.getcwd())


def _no_label(folder: str) -> str | None:
    return None


def _name(folder: str) -> str | None:
    # A label is sent as JSON: bytes that are not UTF-8 become replacement characters.
    return os.fsencode(os.path.basename(folder)).decode("utf-8", "replace") or None


def _labelled(
    place: Tree | Listing | OneImage | StoreTree | StoreImage | WebImage,
    walker: Walker,
    archives: ArchiveLister,
    label: Label,
) -> Iterator[ImageRef]:
    options = archives.options
    if isinstance(place, StoreTree):
        images = references(place, options, label)
        # A glob that matches nothing is said now; that a prefix holds something is known.
        return _expanded(without_reports(chain((next(images),), images) if place.is_glob else images), archives)
    if isinstance(place, StoreImage):
        return archives.expanded(reference(place.at, label))
    if isinstance(place, WebImage):
        return archives.expanded(web_reference(place.url))
    if isinstance(place, Tree) and place.tables:
        label, archives = _no_label, replace(archives, has_labels=False)
    return _references(_found(place, walker, options, label), label, archives)


def _expanded(images: Iterable[ImageRef], archives: ArchiveLister) -> Iterator[ImageRef]:
    return chain.from_iterable(map(archives.expanded, images))


def _found(place: Tree | Listing | OneImage, walker: Walker, options: WalkOptions, label: Label) -> Iterable[Item]:
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
    excludes = options.excludes
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


def _references(found: Iterable[Item], label: Label, archives: ArchiveLister) -> Iterator[ImageRef]:
    last: str | None = None
    folder_label, is_text, has_sidecars = None, True, False
    is_shard = shard_finder()
    for item in found:
        if isinstance(item, Unlisted):
            yield _unlisted(item)
            continue
        if isinstance(item, ImageRef):
            yield from archives.expanded(item)
            continue
        folder, name = item
        if folder != last:
            last, folder_label, is_text, has_sidecars = folder, label(folder), _is_text(folder), is_shard(folder)
        path = f"{folder}/{name}"
        uri = path if is_text and "#" not in path and (name.isascii() or _is_text(name)) else named_uri(path)
        if "#" in uri and (member := member_of(uri)):
            yield ImageRef(uri, archives.label(member.name))
            continue
        if is_archive(name):
            yield from archives.references(uri)
            continue
        if is_report(folder, name):
            continue
        if not has_sidecars:
            yield ImageRef(uri, folder_label)
        elif not is_sidecar(name):
            yield archives.file(path, uri)


def _unlisted(folder: Unlisted) -> UnlistedFolder:
    why = folder.error.strerror or str(folder.error)
    return UnlistedFolder(
        local_uri(folder.path), reason=reason_of(folder.error), detail=f"the folder cannot be listed: {why}"
    )


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _may_overlap(places: Sequence[Place]) -> bool:
    """Whether an image may be found twice: by two sources, or by two lines of a list."""
    if any(isinstance(place, Listing) for place in places):
        return True
    tables = sum(isinstance(place, TableSet) for place in places)
    if tables:
        # A row is found once among all tables.
        return tables < len(places)
    # In this order, a folder comes right before what lies below it.
    return any(after.startswith(before) for before, after in pairwise(sorted(map(_beginning, places))))


def _beginning(place: Place) -> str:
    """What all uris of a place begin with; that of a single image may end with a slash."""
    if isinstance(place, StoreTree):
        return place.folder.at(place.prefix).uri
    if isinstance(place, StoreImage):
        return place.at.uri
    if isinstance(place, WebImage):
        return place.url
    if isinstance(place, TableSet):
        return f"{place.paths[0]}/"
    return f"{place.folder if isinstance(place, Tree) else place.path}/"
