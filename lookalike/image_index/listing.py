"""The part of a handle that lists the stored images, without a query."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lookalike.errors import IndexConflict
from lookalike.filters import Filters
from lookalike.image_index import arguments
from lookalike.image_index.base import Handle, on_open_handle

if TYPE_CHECKING:
    from lookalike.index import Index
    from lookalike.queries.listing import Listing, Row
    from lookalike.records import Listed


class Listings(Handle):
    """List in an order."""

    @on_open_handle("embedded")
    def list(
        self, sort: str = "newest", *, filters: Filters | None = None, limit: int | None = None, seed: int = 0
    ) -> Iterator["Listed"]:
        """All images that meet the filters, or the first `limit` of them, one after the other. They are read in pages,
        so that a million of them need no more memory than a thousand. Images that are added or deleted meanwhile
        neither repeat nor hide another one.

        `sort` is `newest`, `taken` (the latest photograph first), `label`, `random` or a metadata field with one value;
        a minus before it reverses the order. `seed` chooses one of the random orders. `filters` are those of `search`.

        Raises BadSetting and BadQuery for what is no order, limit or seed; with the first image IndexMissing, and
        BadFilter for a field that the index does not have or cannot sort by; IndexConflict if the index moves to
        another version meanwhile."""
        from lookalike.index.checks import check_filters
        from lookalike.queries.listing import MAX_SEED, MOST_LISTED, Listing, parse_listing_order

        order = parse_listing_order(arguments.text(sort, "an order"))
        most = None if limit is None else arguments.whole_number(limit, "limit", 1)
        number = arguments.whole_number(seed, "seed", 0, MAX_SEED)
        size = MOST_LISTED if most is None else min(most, MOST_LISTED)
        return self._listed(Listing(order, check_filters(filters), size, number), most)

    def _listed(self, listing: "Listing", most: int | None) -> Iterator["Listed"]:
        with self._index() as index:
            left = most
            for rows in self._pages(index, listing):
                wanted = rows if left is None else rows[:left]
                yield from (row.image for row in wanted)
                left = None if left is None else left - len(wanted)
                if left == 0:
                    return

    def _pages(self, index: "Index", listing: "Listing") -> Iterator["tuple[Row, ...]"]:
        with self._resources.in_use():
            version = index.version()
        is_last = False
        while not is_last:
            with self._resources.in_use():
                rows = tuple(index.listed(listing))
                _check(index, version)
            yield rows
            is_last = len(rows) < listing.limit
            listing = listing if is_last else replace(listing, after=rows[-1].position)


def _check(index: "Index", version: str) -> None:
    now = index.version()
    if now != version:
        raise IndexConflict(f"Index {index.name} moved from {version} to {now} while it was listed.", "List it again.")
