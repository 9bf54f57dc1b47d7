"""Images in an order of their own, without a query: the newest, by label, by a field, or at random."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from lookalike.errors import BadQuery
from lookalike.filters import Condition, Scalar
from lookalike.queries.cursor import Cursor, checksum, not_ours, parse_cursor
from lookalike.queries.order import INGESTED, SCORE, Order, parse_order
from lookalike.records import Listed
from lookalike.shown import shown

NEWEST, RANDOM = "newest", "random"
#: Images of one page.
MOST_LISTED = 1000
#: Both indexes take it.
MAX_SEED = 2**31 - 1
_ORDERS = "Sort by newest, taken, label, random or a metadata field."

BY_TIME = Order(INGESTED)


class Position(NamedTuple):
    """Where an image stands in a list: its value, as its index compares it, then its uri. None is last."""

    value: Scalar | None
    uri: str

    def check(self, *types: type) -> None:
        """Raises BadQuery for a value of another type, which no index has given."""
        if type(self.value) not in types:
            raise not_ours()


class Row(NamedTuple):
    """An image of a list, and where it stands."""

    image: Listed
    position: Position


@dataclass(frozen=True)
class Listing:
    """The first `limit` images that meet all `filters`, in `order`; of those behind `after`, if it is given. `seed`
    chooses one of the random orders."""

    order: Order = BY_TIME
    filters: tuple[Condition, ...] = ()
    limit: int = 100
    seed: int = 0
    after: Position | None = None

    @property
    def is_random(self) -> bool:
        return self.order.field == RANDOM

    @property
    def checksum(self) -> int:
        """Of all that decides which images there are, and their order."""
        return checksum(str(self.order), self.seed if self.is_random else 0, self.filters)

    def continued(self, cursor: str, version: str) -> "Listing":
        """The same, behind the page that this cursor ends. Raises BadQuery for a cursor that is made up, or of another
        list or version of the index."""
        end = parse_cursor(cursor)
        end.check(version, self.checksum, "list")
        return replace(self, after=Position(end.value, end.id))

    def cursor(self, last: Position, version: str) -> str:
        """The cursor of a page that ends with this image."""
        return str(Cursor(last.value, last.uri, 0, version, self.checksum))


def parse_listing_order(text: str) -> Order:
    """The order of "newest", "taken", "label", "random" or a metadata field; with a minus before it reversed, but for
    the random one. Raises BadQuery."""
    field, is_reversed = text.removeprefix("-"), text.startswith("-")
    if field == NEWEST:
        return Order(INGESTED, not is_reversed)
    if text == RANDOM:
        return Order(RANDOM, is_descending=False)
    if field in (RANDOM, SCORE, ""):
        raise BadQuery(f"{shown(text)} is no order of a list.", _ORDERS)
    return parse_order(text)
