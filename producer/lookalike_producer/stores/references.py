"""The references of objects."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote_from_bytes

from lookalike.errors import SourceMissing
from lookalike.reading.stores.location import Location, location_of
from lookalike.records import ImageRef, Reason
from lookalike.unicode import is_unicode
from lookalike.uris import member_of, reads_as_part, without_credentials
from lookalike_producer.labels import Label
from lookalike_producer.refused import RefusedReference
from lookalike_producer.stores.addresses import harmless
from lookalike_producer.stores.choice import Choice
from lookalike_producer.stores.kinds import StoreTree
from lookalike_producer.stores.listing import opened_listing
from lookalike_producer.walk.options import WalkOptions
from lookalike_producer.walk.pattern import ANY_FOLDERS


def references(tree: StoreTree, options: WalkOptions, label: Label) -> Iterator[ImageRef]:
    """The images of a prefix or a glob, each with the label of its folder. Raises as `Listing.keys` does, and
    SourceMissing for a glob that matches nothing."""
    choice = Choice(tree, options)
    label = replace(label, of=lru_cache(1)(label.of))
    has_match = False
    with opened_listing() as listing:
        for entry in listing.keys(tree.folder.at(tree.prefix)):
            if choice.takes(entry):
                has_match = True
                yield reference(tree.folder.at(entry.key), label, entry.etag)
    if tree.is_glob and not has_match:
        raise SourceMissing(f"Nothing matches {harmless(tree.folder.uri + '/'.join(tree.parts))}.", _advice(tree))


def reference(at: Location, label: Label, etag: str = "") -> ImageRef:
    """The reference of an object, refused if no worker could read this very key. `etag` is that of a listing."""
    uri = at.uri
    try:
        location_of(uri)
    except ValueError as error:
        return _refused(uri, str(error))
    if reads_as_part(uri):
        return _refused(uri, "the key reads like a member of an archive, or like a row of a table")
    folder, _, name = at.key.rpartition("/")
    return ImageRef(uri, label.of(folder, name if label.needs_name else ""), etag=etag)


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


def _advice(tree: StoreTree) -> str:
    last = tree.parts[-1]
    if "{" in "".join(tree.parts):
        return "Braces are no part of a glob: give one glob for each alternative."
    if ANY_FOLDERS not in tree.parts:
        return f"To match in sub-folders too, write **/{last}."
    return "Look for a misspelt name, in upper and lower case: every part of a glob has to match."
