"""Fields are declared with names and types that every index can hold."""

import pytest

from lookalike.errors import BadSetting
from lookalike.metadata import (
    FieldType,
    Kind,
    check_fields,
    field_name,
    parse_fields,
)


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
