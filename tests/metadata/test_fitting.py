"""Metadata as the fields of an index hold it."""

from typing import Any

import pytest

from lookalike.metadata import (
    field_type,
    fitted,
)
from lookalike.records import Metadata


def test_text_in_a_field_of_text_is_never_missing_and_one_bad_value_names_its_field() -> None:
    fields = {"brand": field_type("str"), "year": field_type("int"), "tags": field_type("list")}
    given: Metadata = {"brand": "n/a", "year": "n/a", "tags": [], "other": 1}
    assert fitted(given, fields) == {"brand": "n/a", "other": 1}
    for bad in ({"year": "soon"}, {"tags": ["x"] * 1001}, {"brand": "x" * 8192}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            fitted(bad, fields)


def test_missing_values_of_a_list_are_left_out() -> None:
    given: Any = {"tags": ["a", None], "years": [1, None], "none": [None]}
    fields = {"tags": field_type("list"), "years": field_type("int[]"), "none": field_type("text[]")}
    assert fitted(given, fields) == {"tags": ["a"], "years": [1]}
