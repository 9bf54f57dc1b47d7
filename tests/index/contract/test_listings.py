"""Lists of documents in every order, page by page; every test runs on each backend."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lookalike.errors import BadFilter, BadQuery
from lookalike.filters import conditions
from lookalike.index import Index
from lookalike.index.lancedb import ahead
from lookalike.metadata import Fields, field_type
from lookalike.queries.listing import Listing, Position, Row, parse_listing_order
from lookalike.records import Document, Metadata
from tests.index.documents import document, unit, write

FIELDS: Fields = {
    name: field_type(type)
    for name, type in {
        "year": "int",
        "price": "float",
        "brand": "keyword",
        "day": "date",
        "sold": "bool",
        "caption": "text",
        "tags": "list",
    }.items()
}
LABELS = ("Zebra", "ant", "it's", "日本語", "ant", None)
METADATA: list[Metadata] = [
    {"year": 2020, "price": 0.1, "brand": "b", "day": "2020-01-01", "sold": True},
    {"year": -(2**62), "price": -1e300, "brand": "a", "day": "0001-01-01", "sold": False},
    {"year": 2**62, "price": 1e300, "brand": "B", "day": "9999-12-31T23:59:59.999Z"},
    {"year": 2020, "price": 0.30000000000000004, "brand": "it's", "day": "2020-01-01T00:00:00.001Z"},
    {},
]
ORDERS = ("newest", "taken", "label", "year", "price", "brand", "day", "sold", "uri")


def value_of(row: Row, order: str) -> Any:
    own = {
        "newest": row.image.ingested_at,
        "label": row.image.name,
        "taken": row.image.taken_at_ms,
        "uri": row.image.uri,
    }
    return own[order] if order in own else row.image.metadata.get(order)


def images() -> list[Document]:
    """Sixty, many of which have the same label, value or time."""
    written = [
        document(f"/{name}/{i:02}.jpg", unit(i % 32), name=LABELS[i % 6], metadata=METADATA[i % 5])
        for i in range(60)
        for name in [("b", "a", "ü")[i % 3]]
    ]
    return [
        replace(
            item,
            ingested_at=f"2026-01-02T03:04:{i // 7:02}.{i % 2}00000+00:00",
            width=i + 1,
            height=100 - i,
            taken_at_ms=None if i % 4 == 3 else (i % 11 - 5) * 10**11,
        )
        for i, item in enumerate(written)
    ]


@pytest.fixture
def filled(index: Index) -> Index:
    index.declare(FIELDS)
    write(index, images())
    return index


def listing(sort: str, limit: int = 7, seed: int = 0, filters: Any = None) -> Listing:
    return Listing(parse_listing_order(sort), conditions(filters), limit, seed)


def pages(index: Index, first: Listing) -> Iterator[list[Row]]:
    """All pages, each behind the cursor of the one before."""
    wanted = first
    while rows := index.listed(wanted):
        yield rows
        wanted = first.continued(first.cursor(rows[-1].position, "images-v1"), "images-v1")


def uris(index: Index, first: Listing) -> list[str]:
    return [row.image.uri for rows in pages(index, first) for row in rows]


def expected(rows: list[Row], order: str, *, is_reversed: bool) -> list[str]:
    """By the value, those without one last; then by uri."""

    def value(row: Row) -> Any:
        return value_of(row, order)

    by_uri = sorted(rows, key=lambda row: row.image.uri)
    having = sorted((row for row in by_uri if value(row) is not None), key=value, reverse=is_reversed)
    return [row.image.uri for row in [*having, *(row for row in by_uri if value(row) is None)]]


def test_every_order_leads_through_all_images_once(filled: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two pages, and a part of the third one.
    monkeypatch.setattr(ahead, "PLACES", 18)
    every = filled.listed(listing("label", limit=100))
    assert {row.image.uri for row in every} == {item.uri for item in images()}
    for order in ORDERS:
        for sort in (order, f"-{order}"):
            is_reversed = sort in ("newest", "taken", *(f"-{name}" for name in ORDERS[2:]))
            assert uris(filled, listing(sort)) == expected(every, order, is_reversed=is_reversed), sort


def test_a_listed_image_is_as_it_was_written(filled: Index) -> None:
    written = {item.uri: item for item in images()}
    for row in filled.listed(listing("random", limit=100)):
        item, image = written[row.image.uri], row.image
        assert (image.id, image.name, image.width, image.height) == (item.id, item.name, item.width, item.height)
        assert image.ingested_at == item.ingested_at and image.metadata.get("year") == item.metadata.get("year")


def test_each_seed_has_an_order_of_its_own(filled: Index) -> None:
    by_uri = sorted(item.uri for item in images())
    orders = [uris(filled, listing("random", seed=seed, limit=limit)) for seed, limit in ((1, 7), (2, 7), (1, 60))]
    assert sorted(orders[0]) == sorted(orders[1]) == by_uri
    assert orders[0] != orders[1] and orders[0] == orders[2] and by_uri not in orders
    # Not a part of the collection, nor the same neighbours beginning elsewhere.
    following = {*zip(orders[0], orders[0][1:], strict=False)}
    assert len(following & {*zip(orders[1], orders[1][1:], strict=False)}) < 15


def test_only_images_that_meet_the_filters_are_listed(filled: Index) -> None:
    wanted = {item.uri for item in images() if item.name == "ant" and item.metadata.get("year") == 2020}
    for sort in ("newest", "random", "-price", "label"):
        assert {*uris(filled, listing(sort, 3, filters=["label=ant", "year=2020"]))} == wanted and wanted
    assert filled.listed(listing("random", filters=["label=dog"])) == []


def test_images_that_come_and_go_move_no_other_one(filled: Index) -> None:
    for sort in ("newest", "label", "random", "price"):
        before = uris(filled, listing(sort))
        seen = []
        for number, rows in enumerate(pages(filled, listing(sort))):
            seen += [row.image.uri for row in rows]
            # The last one of the page, which the cursor names, as well as others that were seen and that come.
            filled.delete([rows[-1].image.id])
            write(filled, [document(f"/new/{sort}/{number}.jpg", unit(0), name="mouse")])
        assert [uri for uri in seen if not uri.startswith("/new/")] == before
        write(filled, images())
        filled.delete([row.image.id for row in filled.listed(listing("label", 100)) if row.image.name == "mouse"])
        filled.refresh()


def test_what_the_index_cannot_sort_by_or_has_not_given_is_refused(filled: Index) -> None:
    for sort, words in {
        "nothing": "no metadata field 'nothing'",
        "yaer": "Did you mean year",
        "tags": "tags has several values",
        "-caption": "caption is a text",
    }.items():
        with pytest.raises(BadFilter, match=words):
            filled.listed(listing(sort))
    for sort, values in {
        "year": ("2020", 0.5, True),
        "price": ("high", True),
        "brand": (1, True),
        "day": (0.5, True),
        "taken": (0.5, True),
        "newest": (0.5, True),
        "random": ("x", None, True),
        "label": (5, 0.5),
    }.items():
        for value in values:
            with pytest.raises(BadQuery, match="not one of this service"):
                filled.listed(replace(listing(sort), after=Position(value, "/a.jpg")))


def test_an_index_without_images_has_an_empty_list(index: Index) -> None:
    for sort in ("newest", "label", "random"):
        assert index.listed(listing(sort)) == []
