"""Filters as parameters of the query service."""

import itertools
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import BadFilter
from lookalike.filters import Condition, Operator, parse_filter
from lookalike.http_filters import MAX_CONDITIONS, MAX_VALUES, from_parameters, is_filter, to_parameters


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("label=cat", ["label=cat"]),
        ("name=cat&label=cat", ["label=cat", "label=cat"]),
        ("label=cat&label=dog", ["label=cat,dog"]),
        ("metadata.brand=acme&k=1&metadata.brand=globex", ["brand=acme,globex"]),
        ("metadata.year.min=2020&metadata.year.max=2021", ["year>=2020", "year<=2021"]),
        ("metadata.year.above=2020&metadata.year.below=2021", ["year>2020", "year<2021"]),
        ("metadata.brand.not=a&metadata.brand.not=b", ["brand!=a,b"]),
        ("metadata.brand.exists=true&metadata.year.exists=false", ["brand exists", "year missing"]),
        ("label.not=cat&label.exists=true&name.min=b", ["label!=cat", "label exists", "label>=b"]),
        ("filter=tags=a&filter=tags=b&filter=year>2020", ["tags=a", "tags=b", "year>2020"]),
        ("metadata.note=a,b", ['note="a,b"']),
        ("metadata.min=5&metadata.exists=x", ["metadata.min=5", "metadata.exists=x"]),
        ("taken=2023&taken=2024-05", ["taken=2023,2024-05"]),
        (
            "taken.min=2024-01-01&taken.below=2025&taken.exists=true",
            ["taken>=2024-01-01", "taken<2025", "taken exists"],
        ),
        ("metadata.taken.min=2024", ["metadata.taken>=2024"]),
        ("metadata.label=a&metadata.uri.not=b", ["metadata.label=a", "metadata.uri!=b"]),
    ],
)
def test_parameters_are_read(query: str, filters: list[str]) -> None:
    parameters = [(name, value) for name, value in parse_qsl(query) if is_filter(name)]
    assert from_parameters(parameters) == tuple(map(parse_filter, filters))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("metadata.year.min=1&metadata.year.min=2", "more than once"),
        ("metadata.year.exists=maybe", "neither true nor false"),
        ("metadata.year.exists=true&metadata.year.exists=true", "neither true nor false"),
        ("label=a&name=b", "the same"),
        ("filter=year", "no filter"),
        ("metadata.=1", "no name of a field"),
        ("label=" + "x" * 1000, "1000"),
        ("&".join(f"metadata.f{i}=1" for i in range(MAX_CONDITIONS + 1)), str(MAX_CONDITIONS)),
        ("&".join(["metadata.f=1"] * (MAX_VALUES + 1)), str(MAX_VALUES)),
        ("filter=year>=1,2", "2 values"),
    ],
)
def test_parameters_that_cannot_be_meant_are_refused(query: str, words: str) -> None:
    with pytest.raises(BadFilter, match=words):
        from_parameters(parse_qsl(query, keep_blank_values=True))


@pytest.mark.parametrize(
    "name", ["k", "uri", "metadata", "METADATA.a", "label.size", "labels", "name.", "taken.size", "filter.x", "_"]
)
def test_other_parameters_are_no_filters(name: str) -> None:
    assert not is_filter(name)


FIELDS = st.sampled_from(["name", "uri", "taken", "metadata.brand", "metadata.min", "metadata.not", "metadata.label"])
OPERATORS = st.sampled_from([*Operator][:6])
CONDITIONS = st.builds(Condition, FIELDS, OPERATORS, st.tuples(st.text(max_size=20)))


@given(st.lists(CONDITIONS, max_size=6))
def test_the_service_reads_what_the_client_writes(conditions: list[Condition]) -> None:
    parameters = to_parameters(conditions)
    assert all(is_filter(name) for name, _ in parameters)
    assert sorted(from_parameters(parameters), key=str) == sorted(conditions, key=str)


def test_a_single_value_is_written_as_older_services_read_it() -> None:
    conditions = [Condition("name", Operator.ONE_OF, ("cat",)), Condition("metadata.sold", Operator.ONE_OF, (True,))]
    assert to_parameters(conditions) == [("name", "cat"), ("metadata.sold", "True")]


def test_too_many_parameters_are_refused_without_reading_all() -> None:
    for names in (
        itertools.repeat("metadata.a"),
        (f"metadata.f{i}" for i in itertools.count()),
        itertools.repeat("filter"),
    ):
        with pytest.raises(BadFilter, match="At most"):
            from_parameters((name, "a=1") for name in names)
