"""Facets of several fields at once, of all documents that meet the filters; every test runs on each backend."""

from typing import Any

import pytest

from lookalike.errors import BadFilter
from lookalike.index import Index
from lookalike.index.facets import facets
from lookalike.index.starts import starts
from lookalike.metadata import Fields, Kind, field_type
from lookalike.records import Facet, Metadata
from tests.index.documents import document, documents_of, unit, write

FIELDS: Fields = {
    name: field_type(type)
    for name, type in {
        "year": "int",
        "price": "float",
        "brand": "keyword",
        "caption": "text",
        "taken": "date",
        "visits": "date[]",
        "sold": "bool",
        "tags": "list",
        "sizes": "int[]",
        "empty": "int",
    }.items()
}
#: By uri. The one called "none" has no metadata and no label.
IMAGES: dict[str, Metadata] = {
    "a": {"year": 2013, "price": 9.5, "brand": "acme", "taken": "2020-01-31T23:59:59.999Z", "sold": True},
    "b": {"year": 2020, "price": -1.0, "brand": "globex", "taken": "2020-02-01", "tags": ["x", "it's"]},
    "c": {"year": 2020, "price": 0.25, "brand": "acme", "sold": False, "tags": ["y", "x"], "sizes": [5]},
    "d": {"year": 2026, "brand": "Acme", "visits": ["1999-05-05T12:00:00Z", "2020-02-03"], "sizes": [1, 2, 30]},
    "e": {"caption": "a red car", "visits": ["2019-01-01"], "sold": True, "taken": "2020-03-01", "sizes": [1, 1]},
    "none": {},
}


@pytest.fixture
def filled(index: Index) -> Index:
    index.declare(FIELDS)
    write(index, documents_of(IMAGES))
    return index


def values(facet: Facet) -> list[tuple[Any, int]]:
    return [(item.value, item.documents) for item in facet.values]


def ranges(facet: Facet) -> list[tuple[Any, int]]:
    """How many are in each range; a range ends where the next one begins, and the last one nowhere."""
    assert [item.below for item in facet.ranges] == [
        *(item.min for item in facet.ranges[1:]),
        *[None][: len(facet.ranges)],
    ]
    return [(item.min, item.documents) for item in facet.ranges]


def test_the_facets_of_all_fields_are_counted_at_once(filled: Index) -> None:
    found = facets(filled, ranges=5)
    assert found.total == len(IMAGES)
    assert [facet.field for facet in found.facets] == ["label", *sorted(FIELDS)]
    assert {facet.field: facet.documents for facet in found.facets} == {
        "label": 5,
        **{name: sum(name in metadata for metadata in IMAGES.values()) for name in FIELDS},
    }
    assert {facet.field: facet.type for facet in found.facets} == {
        "label": "keyword",
        **{name: str(type) for name, type in FIELDS.items()},
    }
    assert values(found["label"]) == [("L0", 3), ("L1", 2)]
    assert values(found["brand"]) == [("acme", 2), ("Acme", 1), ("globex", 1)]
    assert values(found["tags"]) == [("x", 2), ("it's", 1), ("y", 1)]
    assert values(found["sold"]) == [(True, 2), (False, 1)] and found["sold"].values[0].value is True
    assert values(found["year"]) == [(2020, 2), (2013, 1), (2026, 1)]
    assert (found["year"].least, found["year"].greatest) == (2013, 2026)
    assert ranges(found["year"]) == [(2010, 1), (2015, 0), (2020, 2), (2025, 1)]
    assert (found["price"].least, found["price"].greatest) == (-1.0, 9.5) and values(found["price"]) == []
    assert ranges(found["price"]) == [(-5.0, 1), (0.0, 1), (5.0, 1)]
    weeks = {"2020-01-27": 2, "2020-02-03": 0, "2020-02-10": 0, "2020-02-17": 0, "2020-02-24": 1}
    assert ranges(found["taken"]) == [(f"{monday}T00:00:00.000Z", number) for monday, number in weeks.items()]
    assert (found["taken"].least, found["taken"].greatest) == ("2020-01-31T23:59:59.999Z", "2020-03-01T00:00:00.000Z")
    assert ranges(found["visits"])[0][1] == 1 and sum(number for _, number in ranges(found["visits"])) == 3
    assert values(found["sizes"]) == [(1, 2), (2, 1), (5, 1), (30, 1)]
    # One has two of them in the first range.
    assert ranges(found["sizes"]) == [(0, 3), (10, 0), (20, 0), (30, 1)]
    for name in ("caption", "empty"):
        assert (values(found[name]), ranges(found[name]), found[name].least, found[name].greatest) == (
            [],
            [],
            None,
            None,
        )


def test_facets_are_of_the_images_that_meet_the_filters(filled: Index) -> None:
    found = facets(filled, ["brand", "label", "metadata.year", "name"], filters=["year>=2015", "brand!=Acme"])
    assert found.total == 2 and [facet.field for facet in found.facets] == ["brand", "label", "year"]
    assert values(found["brand"]) == [("acme", 1), ("globex", 1)] and values(found["label"]) == [("L0", 1), ("L1", 1)]
    assert ranges(found["year"]) == [(2020, 2)]
    assert facets(filled, ["year"], filters=["year=5"]).facets[0].ranges == ()
    assert facets(filled, ["brand"], limit=1)["brand"].values[0].value == "acme"
    assert facets(filled, ["caption"], filters=["label=L0"])["caption"].documents == 1
    assert facets(filled, [], filters=["label=L1"]).total == 2


def test_ranges_are_what_a_filter_with_their_ends_finds(filled: Index) -> None:
    for facet in facets(filled, ["year", "price", "taken", "visits", "sizes"], ranges=3).facets:
        for item in facet.ranges:
            ends = [f"{facet.field}>={item.min}", *([f"{facet.field}<{item.below}"] if item.below is not None else [])]
            # Of a list, two values may meet one end each.
            if not facet.type.endswith("[]") or len(ends) == 1:
                assert filled.count(ends) == item.documents, ends


def test_the_extremes_of_large_integers_are_exact(filled: Index) -> None:
    large = [-(2**63), 2**53 + 1, 2**63 - 1]
    write(filled, [document(f"large{i}", unit(i), metadata={"empty": value}) for i, value in enumerate(large)])
    found = facets(filled, ["empty"])["empty"]
    assert (found.least, found.greatest) == (large[0], large[2])
    assert sum(number for _, number in ranges(found)) == 3
    assert [value for value, _ in values(found)] == large
    above = facets(filled, ["empty"], filters=["empty>0"])["empty"]
    assert (above.least, above.greatest) == (large[1], large[2])


def test_values_that_come_while_they_are_counted_hurt_nobody(filled: Index) -> None:
    begins = {"year": starts(2020, 2022, Kind.INTEGER, 5), "sizes": [10]}
    assert filled.histograms(begins, ["brand exists"]) == {"year": [2, 0, 1], "sizes": [1]}


def test_a_field_that_there_is_not_is_named(filled: Index) -> None:
    wrong = ((["yaer"], "Did you mean year"), (["label", "nothing"], "'nothing'"), ([""], "'' is no name"))
    for fields, words in wrong:
        with pytest.raises(BadFilter, match=words):
            facets(filled, fields)


def test_an_empty_index_has_empty_facets(index: Index) -> None:
    index.declare({"year": field_type("int")})
    found = facets(index)
    assert (found.total, [facet.field for facet in found.facets]) == (0, ["label", "year"])
    assert all(facet.documents == 0 and not facet.values and not facet.ranges for facet in found.facets)
    with pytest.raises(KeyError):
        found["nothing"]
