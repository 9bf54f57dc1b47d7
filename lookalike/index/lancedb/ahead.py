"""What follows the pages of lists, so that a table is sorted once for many pages."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from lookalike.queries.listing import Position

#: Places that are read at once, unless a page has more: as long as reading a million rows takes, 50 pages need no other
#: reading.
PLACES = 5_000
#: Lists that are kept: those of a few people who scroll at the same time. 5,000 places are 2 MB.
LISTS = 8


class Place(NamedTuple):
    """Where the row of this id stands."""

    id: str
    position: Position


#: The first places behind a position, at most so many.
Read = Callable[[Position | None, int], list[Place]]


class _Kept(NamedTuple):
    """Places behind a position; all of them if there are no further ones."""

    after: Position | None
    places: list[Place]
    are_all: bool

    def behind(self, after: Position | None, limit: int) -> list[Place] | None:
        """None if it does not hold them."""
        ends = [self.after, *(place.position for place in self.places)]
        if after not in ends:
            return None
        found = self.places[ends.index(after) :][:limit]
        return found if len(found) == limit or self.are_all else None


class Ahead:
    """Keeps the places of the lists that were read last, by a key that names a state of the table. Safe to share
    between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def behind(self, key: Hashable, after: Position | None, limit: int, read: Read) -> list[Place]:
        """The first places behind a position, of those that are kept, or read now."""
        if (kept := self._used(key)) and (found := kept.behind(after, limit)) is not None:
            return found
        wanted = max(limit, PLACES)
        places = read(after, wanted)
        with self._lock:
            self._kept[key] = _Kept(after, places, are_all=len(places) < wanted)
            self._kept.move_to_end(key)
            while len(self._kept) > LISTS:
                self._kept.popitem(last=False)
        return places[:limit]

    def forget(self, key: Hashable) -> None:
        """Read them anew next time."""
        with self._lock:
            self._kept.pop(key, None)

    def _used(self, key: Hashable) -> _Kept | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)
