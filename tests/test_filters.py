"""Filters as people write them."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import BadSetting
from lookalike.filters import Condition, Operator, conditions, parse_filter


@pytest.mark.parametrize(
    ("text", "field", "operator", "values"),
    [
        ("label=cat", "name", "=", ("cat",)),
        ("name = cat", "name", "=", ("cat",)),
        ("uri=/a/b.jpg", "uri", "=", ("/a/b.jpg",)),
        ("year>=2020", "metadata.year", ">=", ("2020",)),
        ("metadata.year<2020", "metadata.year", "<", ("2020",)),
        ("brand=acme,globex", "metadata.brand", "=", ("acme", "globex")),
        ('brand="Smith, Sons",globex', "metadata.brand", "=", ("Smith, Sons", "globex")),
        ("brand!=acme", "metadata.brand", "!=", ("acme",)),
        ("brand exists", "metadata.brand", "exists", ()),
        ("brand missing", "metadata.brand", "missing", ()),
        ("label=", "name", "=", ("",)),
        ("note=a=b", "metadata.note", "=", ("a=b",)),
        (' note  =  a b , "c" ,d" \n', "metadata.note", "=", ("a b", "c", 'd"')),
    ],
)
def test_a_filter_is_read(text: str, field: str, operator: str, values: tuple[str, ...]) -> None:
    assert parse_filter(text) == Condition(field, Operator(operator), values)


FIELDS = ["name", "uri", "metadata.brand", "metadata.label", "metadata.name", "metadata.uri", "metadata._x1"]


@pytest.mark.parametrize(
    "text", ["label", "", "=cat", "year>=2020,2021", 'brand="open', 'brand=a, "open', 'brand=a, "b" c', "metadata.=1"]
)
def test_what_is_no_filter_is_named(text: str) -> None:
    with pytest.raises(BadSetting):
        parse_filter(text)


VALUES = st.text(st.sampled_from('ab=<>!,"\\ \n\t\x85') | st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.sampled_from(FIELDS), st.sampled_from(Operator), st.lists(VALUES, min_size=1, max_size=4))
def test_a_condition_is_written_as_it_is_read(field: str, operator: Operator, values: list[str]) -> None:
    count = {Operator.EXISTS: 0, Operator.MISSING: 0, Operator.ONE_OF: 4, Operator.NONE_OF: 4}.get(operator, 1)
    condition = Condition(field, operator, tuple(values[:count]))
    assert parse_filter(str(condition)) == condition


def test_a_list_may_hold_texts_and_conditions() -> None:
    condition = Condition("metadata.year", Operator.BELOW, ("2020",))
    assert conditions(["year<2020", condition]) == conditions(iter([condition, condition])) == (condition, condition)
    for wrong in ("year<2020", 5, [5], [None]):
        with pytest.raises(BadSetting):
            conditions(wrong)  # type: ignore[arg-type]


def test_a_mapping_has_one_value_or_several() -> None:
    assert conditions({"label": "cat", "year": [2020, 2021]}) == (
        Condition("name", Operator.ONE_OF, ("cat",)),
        Condition("metadata.year", Operator.ONE_OF, (2020, 2021)),
    )
    with pytest.raises(BadSetting):
        conditions({"label": {}})


def test_a_mapping_takes_values_of_other_libraries_and_any_iterable() -> None:
    assert conditions({"year": np.int64(2020), "price": np.float32(0.5), "sold": np.bool_(True)}) == (
        Condition("metadata.year", Operator.ONE_OF, (2020,)),
        Condition("metadata.price", Operator.ONE_OF, (0.5,)),
        Condition("metadata.sold", Operator.ONE_OF, (True,)),
    )
    several: list[Any] = [range(3), np.arange(3), iter([0, 1, 2]), {0: "a", 1: "b", 2: "c"}.keys()]
    assert {conditions({"year": values}) for values in several} == {
        (Condition("metadata.year", Operator.ONE_OF, (0, 1, 2)),)
    }
    for wrong in (itertools.count(), [], [None], b"2020", 1j, object()):
        with pytest.raises(BadSetting, match="Cannot filter"):
            conditions({"year": wrong})
