"""Sources in object stores: a prefix, a glob or a single key, listed as a stream."""

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from lookalike.errors import SourceMissing
from lookalike.reading.stores.location import Location, location_of
from lookalike.records import ImageRef, Reason
from lookalike.unicode import is_unicode
from lookalike.uris import member_of, reads_as_part, without_credentials
from lookalike_producer.labels import Label
from lookalike_producer.refused import RefusedReference
from lookalike_producer.walk.options import WalkOptions
from lookalike_producer.walk.pattern import ANY_FOLDERS, NOWHERE, Pattern, Positions

if TYPE_CHECKING:
    from lookalike.reading.stores.client import Entry
    from lookalike.reading.stores.listing import Listing

_FORMS = "Give s3://bucket/prefix/, s3://bucket/key, or a glob such as 's3://bucket/**/*.jpg'."
#: Hadoop marks a folder by an empty object of this name.
_FOLDER_MARK = "_$folder$"
_BEFORE_WILDCARD = re.compile(r"[^*?\[]*")


@dataclass(frozen=True)
class StoreTree:
    """The keys of a store below a prefix that match. `folder` is empty, or a key that ends with a slash; the parts of
    the glob start behind it. `prefix` is what all matching keys begin with, `first` one of these keys."""

    folder: Location
    prefix: str
    parts: tuple[str, ...] = (ANY_FOLDERS,)
    is_glob: bool = False
    first: str = field(default="", compare=False)


@dataclass(frozen=True)
class StoreImage:
    """One object."""

    at: Location


def placed_in_store(source: str) -> StoreTree | StoreImage:
    """What an address of a store names. A key that exists is one image, whatever lies below it; a slash at the end, or
    no such key, makes it a prefix; and what names no key may be a glob.

    Asks the store. Raises SourceMissing, AccessDenied, BadSetting, MissingExtra, SourceUnavailable.
    """
    at = _location(source)
    with _listing() as listing:
        if at.key and not at.key.endswith("/") and _is_image(at, listing):
            return StoreImage(at)
        tree = _glob(at) if glob.has_magic(at.key) else _prefix(at)
        first = listing.first(at.at(tree.prefix), at)
        if first is None:
            raise _nothing(at, tree, listing)
    return replace(tree, first=first.key)


def one_object(source: str) -> StoreImage:
    """The object at an address, which is not looked at. Raises SourceMissing for what is no address."""
    return StoreImage(_location(source))


def references(tree: StoreTree, options: WalkOptions, label: Label) -> Iterator[ImageRef]:
    """The images of a prefix or a glob, each with the label of its folder. Raises as `Listing.keys` does, and
    SourceMissing for a glob that matches nothing."""
    choice = _Choice(tree, options)
    label = lru_cache(1)(label)
    has_match = False
    with _listing() as listing:
        for entry in listing.keys(tree.folder.at(tree.prefix)):
            if choice.takes(entry):
                has_match = True
                yield reference(tree.folder.at(entry.key), label, entry.etag)
    if tree.is_glob and not has_match:
        raise SourceMissing(f"Nothing matches {_harmless(tree.folder.uri + '/'.join(tree.parts))}.", _advice(tree))


def reference(at: Location, label: Label, etag: str = "") -> ImageRef:
    """The reference of an object, refused if no worker could read this very key. `etag` is that of a listing."""
    uri = at.uri
    try:
        location_of(uri)
    except ValueError as error:
        return _refused(uri, str(error))
    if reads_as_part(uri):
        return _refused(uri, "the key reads like a member of an archive, or like a row of a table")
    return ImageRef(uri, label(at.key.rpartition("/")[0]), etag=etag)


def listed_object(uri: str, label: Label) -> ImageRef:
    """The reference of an address that somebody has listed: an object, or a member of an archive."""
    member = member_of(uri)
    try:
        at = location_of(member.archive if member else uri)
    except ValueError as error:
        return _refused(uri, str(error))
    if not at.key or at.key.endswith("/"):
        return _refused(uri, "a bucket or a prefix; its images need a source of their own")
    return ImageRef(uri) if member else reference(at, label)


def _refused(uri: str, why: str) -> RefusedReference:
    uri = without_credentials(uri)
    if not is_unicode(uri):
        uri = quote_from_bytes(uri.encode("utf-8", "surrogatepass"), safe="/:")
    return RefusedReference(uri, reason=Reason.BAD_URI, detail=why)


def _listing() -> "Listing":
    # It loads asyncio, which local files do not need.
    from lookalike.reading.stores.listing import Listing

    return Listing()


def _location(source: str) -> Location:
    try:
        return location_of(source)
    except ValueError as error:
        raise SourceMissing(f"{_harmless(source)} is no address of a store: {error}.", _FORMS) from error


def _harmless(source: str) -> str:
    return repr(without_credentials(source))


def _is_image(at: Location, listing: "Listing") -> bool:
    """Whether the key itself is an object; an empty one with keys below it marks a folder."""
    state = listing.state(at)
    return state is not None and (state.size_bytes != 0 or listing.first(at.at(f"{at.key}/")) is None)


def _prefix(at: Location) -> StoreTree:
    folder = at if not at.key or at.key.endswith("/") else at.at(f"{at.key}/")
    return StoreTree(folder, folder.key)


def _glob(at: Location) -> StoreTree:
    parts = at.key.split("/")
    number = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    folder = "".join(f"{part}/" for part in parts[:number])
    beginning = _BEFORE_WILDCARD.match(parts[number])
    return StoreTree(at.at(folder), folder + (beginning[0] if beginning else ""), tuple(parts[number:]), is_glob=True)


def _nothing(at: Location, tree: StoreTree, listing: "Listing") -> SourceMissing:
    if tree.is_glob:
        what = f"Nothing matches {_harmless(at.uri)}: no key begins with {_harmless(at.at(tree.prefix).uri)}."
        return SourceMissing(what, "List the bucket, and correct the address.")
    if not at.key:
        return SourceMissing(f"The bucket {at.store} is empty.", _FORMS)
    longer = listing.first(at)
    if longer is not None and not at.key.endswith("/"):
        what = f"There is neither a key nor a folder {_harmless(at.uri)}, but keys that begin so."
        return SourceMissing(what, f"Give a glob for them: '{at.uri}*'.")
    folder = at.key.rstrip("/").rpartition("/")[0]
    above = at.at(f"{folder}/" if folder else "")
    advice = f"Correct the address; `lookalike sources check {above.uri}` shows what is there."
    return SourceMissing(f"No key of {at.store} begins with {_harmless(at.key)}.", advice)


def _advice(tree: StoreTree) -> str:
    last = tree.parts[-1]
    if "{" in "".join(tree.parts):
        return "Braces are no part of a glob: give one glob for each alternative."
    if ANY_FOLDERS not in tree.parts:
        return f"To match in sub-folders too, write **/{last}."
    return "Look for a misspelt name, in upper and lower case: every part of a glob has to match."


class _Choice:
    """Chooses keys as a walk chooses files. Remembers what it knows of the last folder, because keys come in order."""

    def __init__(self, tree: StoreTree, options: WalkOptions) -> None:
        self._start = len(tree.folder.key)
        self._pattern = Pattern(tree.parts, include_hidden=options.include_hidden)
        self._excludes = options.excludes
        self._last: str | None = None
        self._positions: Positions = NOWHERE

    def takes(self, entry: "Entry") -> bool:
        if entry.size_bytes == 0 and entry.key.endswith(("/", _FOLDER_MARK)):
            return False
        inner = entry.key[self._start :]
        folder, slash, name = inner.rpartition("/")
        if folder + slash != self._last:
            self._last, self._positions = folder + slash, self._in_folder(folder, bool(slash))
        if not self._positions or not self._pattern.step(self._positions, name)[0]:
            return False
        return self._excludes is None or not self._excludes(inner)

    def _in_folder(self, folder: str, has_folder: bool) -> Positions:
        """Where the pattern is in a folder; nowhere in one that is excluded or left out."""
        positions, path = self._pattern.start, ""
        for name in folder.split("/") if has_folder else ():
            path += f"{name}/"
            if self._excludes is not None and self._excludes(path):
                return NOWHERE
            positions = self._pattern.step(positions, name)[1]
        return positions
