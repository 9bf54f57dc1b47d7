"""Values get the type of their field, or a reason why not."""

import math
from datetime import date

import pytest

from lookalike.metadata import (
    FieldType,
    Kind,
    coerced,
    field_type,
)


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
