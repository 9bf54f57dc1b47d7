"""The images of sources, one at a time, so that memory does not grow with the source."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from lookalike.errors import SourceUnavailable
from lookalike.records import ImageRef
from lookalike_producer.archives.chosen import Chosen
from lookalike_producer.archives.listing import ArchiveLister, Open
from lookalike_producer.archives.ranges import ranges_of
from lookalike_producer.archives.reports import without_reports
from lookalike_producer.labels import NO_LABEL, Label, has_labels, labeller
from lookalike_producer.places import Listing, NamesOrPlaces, OneImage, Place, Tree, placed
from lookalike_producer.refused import RefusedReference
from lookalike_producer.seen import each_once
from lookalike_producer.sources.local import found_in
from lookalike_producer.sources.overlap import may_overlap
from lookalike_producer.sources.references import as_references
from lookalike_producer.stores import StoreImage, StoreTree, reference, references
from lookalike_producer.tables.options import AS_FOUND, TableOptions
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.tables.source import TableSource
from lookalike_producer.walk.options import USUAL, WalkOptions
from lookalike_producer.walk.walker import Walker
from lookalike_producer.web import WebImage, web_reference

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
    places = placed(sources)
    label = labeller(label_from, _roots(places))
    if isinstance(tables, TableOptions):
        tables = _tables(places, tables, options)
    walker = Walker(options)
    archives = ArchiveLister(
        options,
        has_labels(label_from),
        open_archive,
        Chosen(tables.options),
        is_preview,
        label=labeller(label_from, ("",)),
    )
    found = [_labelled(place, walker, archives, label) for place in places if not isinstance(place, TableSet)]
    others = [*found, as_references(walker.linked(), label, archives)]
    if any(isinstance(place, TableSet) for place in places):
        others = [tables.references(), *(_beside_tables(images, tables) for images in others)]
    images = _one_after_the_other(others)
    if may_overlap(places):
        images = each_once(images)
    return images if on_mounts is None else _with_mounts(images, walker, on_mounts)


def find_tables(sources: NamesOrPlaces, columns: TableOptions = AS_FOUND, options: WalkOptions = USUAL) -> TableSource:
    """The tables among the sources, with the columns that are taken. Raises SourceMissing, BadSetting,
    SourceUnavailable."""
    return _tables(placed(sources), columns, options)


def _tables(places: Sequence[Place], columns: TableOptions, options: WalkOptions) -> TableSource:
    return TableSource([place for place in places if isinstance(place, TableSet)], columns, options.excludes_next)


def _roots(places: Sequence[Place]) -> Iterator[str]:
    """The folders that sources name; of a store, the part of a key that is one."""
    for place in places:
        if isinstance(place, Tree):
            yield place.folder
        elif isinstance(place, StoreTree):
            yield place.folder.key


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
        label, archives = NO_LABEL, replace(archives, has_labels=False)
    return as_references(found_in(place, walker, options, label), label, archives)


def _expanded(images: Iterable[ImageRef], archives: ArchiveLister) -> Iterator[ImageRef]:
    return chain.from_iterable(map(archives.expanded, images))


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


def _with_mounts(references: Iterator[ImageRef], walker: Walker, on_mounts: OnMounts) -> Iterator[ImageRef]:
    yield from references
    on_mounts(walker.mounts)
