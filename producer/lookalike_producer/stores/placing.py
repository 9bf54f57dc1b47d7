"""What an address of a store names: a prefix, a glob or one object; or why nothing."""

import glob
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lookalike.errors import SourceMissing
from lookalike.reading.stores.location import Location
from lookalike_producer.stores.addresses import FORMS, harmless, located
from lookalike_producer.stores.kinds import StoreImage, StoreTree
from lookalike_producer.stores.listing import opened_listing

if TYPE_CHECKING:
    from lookalike.reading.stores.listing import Listing


_BEFORE_WILDCARD = re.compile(r"[^*?\[]*")


def placed_in_store(source: str) -> StoreTree | StoreImage:
    """What an address of a store names. A key that exists is one image, whatever lies below it; a slash at the end, or
    no such key, makes it a prefix; and what names no key may be a glob.

    Asks the store. Raises SourceMissing, AccessDenied, BadSetting, MissingExtra, SourceUnavailable.
    """
    at = located(source)
    with opened_listing() as listing:
        if at.key and not at.key.endswith("/") and _is_image(at, listing):
            return StoreImage(at)
        tree = _globbed(at) if glob.has_magic(at.key) else _prefix(at)
        first = listing.first(at.at(tree.prefix), at)
        if first is None:
            raise _nothing(at, tree, listing)
    return replace(tree, first=first.key)


def one_object(source: str) -> StoreImage:
    """The object at an address, which is not looked at. Raises SourceMissing for what is no address."""
    return StoreImage(located(source))


def _is_image(at: Location, listing: "Listing") -> bool:
    """Whether the key itself is an object; an empty one with keys below it marks a folder."""
    state = listing.state(at)
    return state is not None and (state.size_bytes != 0 or listing.first(at.at(f"{at.key}/")) is None)


def _prefix(at: Location) -> StoreTree:
    folder = at if not at.key or at.key.endswith("/") else at.at(f"{at.key}/")
    return StoreTree(folder, folder.key)


def _globbed(at: Location) -> StoreTree:
    parts = at.key.split("/")
    number = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    folder = "".join(f"{part}/" for part in parts[:number])
    beginning = _BEFORE_WILDCARD.match(parts[number])
    return StoreTree(at.at(folder), folder + (beginning[0] if beginning else ""), tuple(parts[number:]), is_glob=True)


def _nothing(at: Location, tree: StoreTree, listing: "Listing") -> SourceMissing:
    if tree.is_glob:
        what = f"Nothing matches {harmless(at.uri)}: no key begins with {harmless(at.at(tree.prefix).uri)}."
        return SourceMissing(what, "List the bucket, and correct the address.")
    if not at.key:
        return SourceMissing(f"The bucket {at.store} is empty.", FORMS)
    longer = listing.first(at)
    if longer is not None and not at.key.endswith("/"):
        what = f"There is neither a key nor a folder {harmless(at.uri)}, but keys that begin so."
        return SourceMissing(what, f"Give a glob for them: '{at.uri}*'.")
    folder = at.key.rstrip("/").rpartition("/")[0]
    above = at.at(f"{folder}/" if folder else "")
    advice = f"Correct the address; `lookalike sources check {above.uri}` shows what is there."
    return SourceMissing(f"No key of {at.store} begins with {harmless(at.key)}.", advice)
