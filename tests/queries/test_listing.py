"""Orders of lists, and cursors that continue them."""

from base64 import urlsafe_b64encode

import pytest

from lookalike.errors import BadFilter, BadQuery
from lookalike.filters import parse_filter
from lookalike.queries.cursor import MAX_LENGTH
from lookalike.queries.listing import Listing, Position, parse_listing_order

VERSION = "images-v1"


@pytest.mark.parametrize(
    ("text", "field", "is_descending"),
    [
        ("newest", "ingested", True),
        ("-newest", "ingested", False),
        ("ingested", "ingested", True),
        ("-ingested", "ingested", False),
        ("taken", "taken", True),
        ("label", "name", False),
        ("-label", "name", True),
        ("random", "random", False),
        ("year", "metadata.year", False),
        ("-metadata.random", "metadata.random", True),
        ("metadata.newest", "metadata.newest", False),
    ],
)
def test_an_order_is_a_field_and_its_direction(text: str, field: str, is_descending: bool) -> None:
    order = parse_listing_order(text)
    assert (order.field, order.is_descending) == (field, is_descending)


@pytest.mark.parametrize("text", ["", "-", "score", "-score", "-random"])
def test_what_is_no_order_of_a_list_is_refused(text: str) -> None:
    with pytest.raises(BadQuery, match="Sort by newest"):
        parse_listing_order(text)
    with pytest.raises(BadFilter):
        parse_listing_order("metadata.")


@pytest.mark.parametrize("value", [None, "", "it's 日本語 🐈" * 500, 0, -(2**63), 0.1, True])
def test_a_cursor_continues_its_list_where_the_page_ended(value: str | float | None) -> None:
    listing = Listing(parse_listing_order("label"), (parse_filter("year>=2020"),), limit=7)
    cursor = listing.cursor(Position(value, "/日本語/ä.jpg"), VERSION)
    assert cursor.isascii() and len(cursor) < MAX_LENGTH
    assert listing.continued(cursor, VERSION).after == Position(value, "/日本語/ä.jpg")
    # A page may be longer than the one before it.
    longer = Listing(listing.order, listing.filters, limit=8)
    assert longer.continued(cursor, VERSION).limit == 8


def test_a_cursor_of_another_list_or_version_is_refused() -> None:
    listing = Listing(parse_listing_order("random"), seed=1)
    cursor = listing.cursor(Position(1, "/a.jpg"), VERSION)
    others = (
        Listing(listing.order, seed=2),
        Listing(parse_listing_order("label"), seed=1),
        Listing(listing.order, (parse_filter("year>=2020"),), seed=1),
    )
    for other in others:
        with pytest.raises(BadQuery, match="another list"):
            other.continued(cursor, VERSION)
    with pytest.raises(BadQuery, match="images-v2 now"):
        listing.continued(cursor, "images-v2")


def test_the_seed_matters_only_to_the_random_order() -> None:
    cursor = Listing(parse_listing_order("label"), seed=1).cursor(Position("a", "/a.jpg"), VERSION)
    assert Listing(parse_listing_order("label"), seed=2).continued(cursor, VERSION).after is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[NaN,'/a',0,'images-v1',0]",
        "[Infinity,'/a',0,'images-v1',0]",
        "[1e999,'/a',0,'images-v1',0]",
        "[9223372036854775808,'/a',0,'images-v1',0]",
        r"['\ud800','/a',0,'images-v1',0]",
        r"['a','\udfff',0,'images-v1',0]",
        "[['a'],'/a',0,'images-v1',0]",
        "['a',null,0,'images-v1',0]",
        "['a','/a',-1,'images-v1',0]",
        "[" * 5000,
    ],
)
def test_what_no_index_can_compare_with_is_no_cursor(text: str) -> None:
    made_up = urlsafe_b64encode(text.replace("'", '"').encode()).decode().rstrip("=")
    with pytest.raises(BadQuery, match="not one of this service"):
        Listing().continued(made_up, VERSION)


def test_a_position_has_a_type_that_its_index_has_given() -> None:
    Position(None, "/a").check(str, type(None))
    for value in (True, 1.0, "1", None):
        with pytest.raises(BadQuery, match="not one of this service"):
            Position(value, "/a").check(int)
