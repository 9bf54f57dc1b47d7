"""What an index would hold alike is the same metadata."""

import pytest

from lookalike.metadata import (
    field_type,
    fitted,
    is_same,
)
from lookalike.records import Metadata, MetadataValue


@pytest.mark.parametrize(
    ("type", "values"),
    [
        ("int", [5, "5", 5.0, " 5 "]),
        ("float", [5, 5.0, "5", "5.0"]),
        ("keyword", [5, "5"]),
        ("keyword", [True, "True"]),
        ("text", ["none"]),
        ("bool", [True, "yes", 1]),
        ("date", ["2026-11-26", "2026-11-26T00:00:00Z", "2026-11-26T01:00:00+01:00"]),
        ("list", [["a"], "a"]),
        ("int[]", [[1, 2], ["1", 2.0], "1,2"]),
        ("date[]", [["2026-11-26"], "2026-11-26"]),
    ],
)
def test_what_an_index_would_hold_alike_is_the_same(type: str, values: list[MetadataValue]) -> None:
    for value in values:
        (held,) = fitted({"field": value}, {"field": field_type(type)}).values()
        assert all(is_same({"field": held}, {"field": other, "tags": []}, {}) for other in values)


@pytest.mark.parametrize(
    ("stored", "given"),
    [
        ({"a": 5}, {"a": 6}),
        ({"a": 5}, {"a": "soon"}),
        ({"a": 5}, {}),
        ({}, {"a": 5}),
        ({"a": "x"}, {"b": "x"}),
        ({"a": "x"}, {"a": "X"}),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}),
        ({"a": ["x"]}, {"a": []}),
        ({"a": "2026-11-26T00:00:00.000Z"}, {"a": "2026-11-27"}),
    ],
)
def test_what_an_index_would_hold_differently_is_not_the_same(stored: Metadata, given: Metadata) -> None:
    assert not is_same(stored, given, {})


def test_what_stands_for_no_value_in_a_field_is_the_same_as_none() -> None:
    fields = {"year": field_type("int"), "sizes": field_type("int[]"), "brand": field_type("str")}
    given: Metadata = {"year": "n/a", "sizes": ["-", "none"], "brand": "n/a"}
    held = fitted(given, fields)
    assert held == {"brand": "n/a"} and is_same(held, given, fields)
    assert not is_same({}, given, fields), "a text is a value"
    assert not is_same({}, {"year": "soon"}, fields), "it is rejected, not left out"
