"""Whether sources may hold the same image."""

from collections.abc import Sequence
from itertools import pairwise

from lookalike_producer.places import Listing, Place, Tree
from lookalike_producer.stores import StoreImage, StoreTree
from lookalike_producer.tables.sets import TableSet
from lookalike_producer.web import WebImage


def may_overlap(places: Sequence[Place]) -> bool:
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
