"""Values of tables get the type of their field, or a reason why not."""

import math
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lookalike.errors import BadSetting
from lookalike.metadata import (
    FieldType,
    Kind,
    check_fields,
    coerced,
    field_name,
    field_type,
    fitted,
    is_same,
    joined_type,
    parse_fields,
    type_of,
)
from lookalike.records import Metadata, MetadataValue


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [
        ("12", "int", 12),
        ("12.0", "int", 12),
        (12.0, "int", 12),
        ("1e3", "int", 1000),
        (" 2.5 ", "float", 2.5),
        ("yes", "bool", True),
        (0, "bool", False),
        ("1.0", "bool", True),
        ("2026-11-26", "date", "2026-11-26T00:00:00.000Z"),
        (date(2026, 11, 26), "date", "2026-11-26T00:00:00.000Z"),
        ("2026-11-26T09:00:00+02:00", "date", "2026-11-26T07:00:00.000Z"),
        ("a|b|b", "list", ["a", "b", "b"]),
        ("1,2", "int[]", [1, 2]),
        ([1, None, 2], "int[]", [1, 2]),
        (5, "str", "5"),
        ("NA", "float", None),
        ("none", "str", None),
        ("none", "text", "none"),
        ("", "text", None),
        (math.nan, "int", None),
        ("", "list", None),
    ],
)
def test_a_value_gets_the_type_of_its_field(value: object, type: str, expected: object) -> None:
    assert coerced(value, field_type(type)) == expected


@pytest.mark.parametrize(
    ("value", "type"),
    [
        ("cheap", "int"),
        (2.5, "int"),
        (2**63, "int"),
        ("inf", "float"),
        ("maybe", "bool"),
        ("26/11/2026", "date"),
        ({}, "str"),
    ],
)
def test_a_value_of_another_type_is_named(value: object, type: str) -> None:
    with pytest.raises(ValueError, match=r"is n|neither"):
        coerced(value, field_type(type))


def test_a_later_date_is_a_later_text() -> None:
    dates = ["1999-12-31", "2000-01-01T00:00:00+05:00", "2000-01-01", "2000-01-01T00:00:00.5Z"]
    texts = [coerced(item, FieldType(Kind.DATE)) for item in dates]
    assert texts == sorted(map(str, texts))


def test_columns_are_named_with_their_types() -> None:
    fields = parse_fields("brand, year:int,tags:list,scores:float[],note:text")
    assert fields == {
        "brand": None,
        "year": FieldType(Kind.INTEGER),
        "tags": FieldType(Kind.KEYWORD, is_list=True),
        "scores": FieldType(Kind.FLOAT, is_list=True),
        "note": FieldType(Kind.TEXT),
    }
    with pytest.raises(BadSetting, match="no type 'money'"):
        parse_fields("price:money")


def test_an_index_has_a_bounded_number_of_fields() -> None:
    with pytest.raises(BadSetting, match="65 metadata fields"):
        check_fields({f"f{number}": FieldType(Kind.TEXT) for number in range(65)})
    with pytest.raises(BadSetting, match="cannot be named"):
        check_fields({"a b": FieldType(Kind.TEXT)})
    assert [field_name(column) for column in ("price (EUR)", "2024", "ok")] == ["price__EUR_", "_2024", "ok"]


def test_undeclared_values_say_their_type() -> None:
    assert [str(type_of(value)) for value in ("a", 1, 1.5, True, [1], [])] == [
        "keyword",
        "integer",
        "float",
        "boolean",
        "integer[]",
        "keyword[]",
    ]


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


def test_text_in_a_field_of_text_is_never_missing_and_one_bad_value_names_its_field() -> None:
    fields = {"brand": field_type("str"), "year": field_type("int"), "tags": field_type("list")}
    given: Metadata = {"brand": "n/a", "year": "n/a", "tags": [], "other": 1}
    assert fitted(given, fields) == {"brand": "n/a", "other": 1}
    for bad in ({"year": "soon"}, {"tags": ["x"] * 1001}, {"brand": "x" * 8192}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            fitted(bad, fields)


def test_the_values_of_a_field_that_nobody_declared_are_joined_in_one_type() -> None:
    joined = {
        "float": [1, 2.5],
        "keyword": [1, "a"],
        "text": ["a", "x" * 9000],
        "keyword[]": ["a", ["b"], []],
        "float[]": [[1], 2.5],
        "boolean": [True, False],
    }
    for type, values in joined.items():
        assert str(joined_type(values)) == type  # type: ignore[arg-type]


def test_sentences_are_text_where_nobody_says_what_they_are() -> None:
    assert str(joined_type(["a cat"], "caption")) == str(joined_type(["a cat"], "Title")) == "text"
    assert str(joined_type([1], "caption")) == "integer" and str(joined_type(["a"], "brand")) == "keyword"


@pytest.mark.parametrize(
    ("given", "held"),
    [("9007199254740993.0", 2**53 + 1), ("-9223372036854775808.0", -(2**63)), ("1e3", 1000), (" 7.0 ", 7)],
)
def test_a_whole_number_keeps_all_its_digits(given: str, held: int) -> None:
    assert coerced(given, FieldType(Kind.INTEGER)) == held


@pytest.mark.parametrize("given", ["1e999999999", "9223372036854775808.0", "inf", "1e-1", "0x10", "sNaN"])
def test_what_is_no_integer_of_an_index_is_refused_at_once(given: str) -> None:
    with pytest.raises(ValueError, match="no integer"):
        coerced(given, FieldType(Kind.INTEGER))


def test_zero_has_no_sign() -> None:
    assert str(coerced("-0.0", FieldType(Kind.FLOAT))) == "0.0"


def test_missing_values_of_a_list_are_left_out() -> None:
    given: Any = {"tags": ["a", None], "years": [1, None], "none": [None]}
    fields = {"tags": field_type("list"), "years": field_type("int[]"), "none": field_type("text[]")}
    assert fitted(given, fields) == {"tags": ["a"], "years": [1]}


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ("a, b", ["a", "b"]),
        ("red car | blue car", ["red car", "blue car"]),
        ('["a", "b, c", "it\'s"]', ["a", "b, c", "it's"]),
        ("['a', 'b, c', \"it's\"]", ["a", "b, c", "it's"]),
        ('["say \\"hi\\""]', ['say "hi"']),
        ("[1, 2.5]", ["1", "2.5"]),
        (r'["caf\u00e9", null, ""]', ["café"]),
        ("[" * 3000 + "]" * 3000, ["[" * 3000 + "]" * 3000]),
        ("[sic], b", ["[sic]", "b"]),
        ("[]", None),
        (" , ", None),
    ],
)
def test_a_list_in_a_cell_is_read_however_programs_write_it(given: str, held: list[str] | None) -> None:
    assert coerced(given, field_type("list")) == held


def test_missing_values_of_other_libraries_are_missing() -> None:
    for nothing in (np.float32("nan"), float("nan"), pd.NaT, pd.NA, None):
        assert [coerced(nothing, FieldType(kind)) for kind in Kind] == [None] * len(Kind)
