"""Images are filtered and counted by when they were taken; every test runs on each backend."""

from dataclasses import replace

import pytest

from lookalike.errors import BadFilter
from lookalike.index import Index, open_index
from lookalike.index.facets import facets
from lookalike.index.places import milliseconds
from lookalike.metadata import field_type
from tests.index.documents import document, unit, write
from tests.index.earlier import make_earlier

#: By uri.
TIMES = {
    "a": "2024-05-17T11:45:02.250Z",
    "b": "2024-05-31T23:59:59.999Z",
    "c": "2024-06-01T00:00:00.000Z",
    "d": "1999-12-31T23:59:59.000Z",
    "e": "1904-01-01T00:00:00.000Z",
    "none": None,
}
CASES = {
    "taken>=2024-06": "c",
    "taken>=2024-01-01": "a b c",
    "taken>2024-05-17": "b c",
    "taken=2024-05": "a b",
    "taken=1904,1999-12": "d e",
    "taken<2000": "d e",
    "taken<=1999-12-31": "d e",
    "taken<1999-12-31": "e",
    "taken=2024-05-17T13:45:02.250+02:00": "a",
    f"taken<{2**30}": "d e",
    "taken!=2024": "d e none",
    "taken exists": "a b c d e",
    "taken missing": "none",
}


@pytest.fixture
def filled(index: Index) -> Index:
    written = [
        replace(document(uri, unit(number)), taken_at_ms=None if time is None else milliseconds(time))
        for number, (uri, time) in enumerate(TIMES.items())
    ]
    write(index, written)
    return index


def found(index: Index, *filters: str) -> str:
    return " ".join(sorted(match.uri for match in index.search(unit(0), 50, filters)))


def test_a_filter_finds_the_photographs_of_a_time(filled: Index) -> None:
    for text, expected in CASES.items():
        assert found(filled, text) == expected, text
        assert filled.count([text]) == len(expected.split()), text
    assert found(filled, "taken>=2000", "taken<2024-06") == "a b"


def test_photographs_are_counted_by_time(filled: Index) -> None:
    taken = facets(filled, ranges=5)["taken"]
    assert (taken.type, taken.documents, taken.least, taken.greatest) == ("date", 5, TIMES["e"], TIMES["c"])
    for item in taken.ranges:
        ends = [f"taken>={item.min}", *([f"taken<{item.below}"] if item.below is not None else [])]
        assert filled.count(ends) == item.documents, ends
    assert sum(item.documents for item in taken.ranges) == 5 and len(taken.ranges) > 1
    later = facets(filled, ["taken"], filters=["taken>=2024-05-20"])["taken"]
    assert (later.documents, later.least, later.greatest) == (2, TIMES["b"], TIMES["c"])
    assert filled.facet("taken", 9, ["taken<2000"]) == {TIMES["e"]: 1, TIMES["d"]: 1}
    assert filled.bounds("taken") == (TIMES["e"], TIMES["c"])
    assert {value for _, value in filled.scan_values("taken")} == set(TIMES.values())


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (["taken>=soon"], "taken is a date"),
        (["taken=2024-13"], "taken is a date"),
        (["taken>2024-02-30"], "taken is a date"),
        (["taken>=2025", "taken<2024"], "No image has both"),
    ],
)
def test_what_is_no_time_is_refused(filled: Index, filters: list[str], words: str) -> None:
    with pytest.raises(BadFilter, match=words):
        filled.search(unit(0), 5, filters)


def test_a_metadata_field_of_this_name_is_what_is_meant(filled: Index) -> None:
    filled.declare({"taken": field_type("date")})
    write(filled, [document("new", unit(9), metadata={"taken": "2030-01-01"})])
    assert found(filled, "taken>=2000") == "new" and filled.bounds("taken") == ("2030-01-01T00:00:00.000Z",) * 2
    assert [facet.documents for facet in facets(filled).facets if facet.field == "taken"] == [1]


def test_an_index_of_an_earlier_release_knows_no_times(index_url: str) -> None:
    make_earlier(index_url, [document("/a.jpg", unit(0), metadata={"eyes": "green"})])
    index = open_index(index_url, "images")
    assert [facet.field for facet in facets(index).facets] == ["label"]
    taken = facets(index, ["taken"])["taken"]
    assert (taken.documents, taken.values, taken.ranges, taken.least) == (0, (), (), None)
    assert index.facet("taken", 5) == {} and index.bounds("taken") is None
    assert [value for _, value in index.scan_values("taken")] == [None]
    index.close()
