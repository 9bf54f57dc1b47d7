"""Filters reach the service, and only as filters."""

from typing import Any

import pytest

from lookalike.client import Client
from lookalike.errors import (
    BadFilter,
    BadSetting,
    FilterRejected,
    RequestRejected,
)
from lookalike.filters import Filters
from lookalike.records import ImageRef


@pytest.mark.parametrize("field", ["id", "k", "mode", "include_self", "filter", ""])
def test_a_filter_cannot_set_another_parameter(client: Client, stored: list[ImageRef], field: str) -> None:
    with pytest.raises((RequestRejected, BadSetting), match=r"no metadata field|filter on|no name of a field"):
        client.search(id=stored[0].id, filters={field: "x"})


def test_every_filter_reaches_the_service(client: Client, query: bytes, stored: list[ImageRef]) -> None:
    def found(filters: Filters) -> set[str]:
        return {match.uri for match in client.search(query, k=24, filters=filters).matches}

    every = {match.uri: match.metadata for match in client.search(query, k=24).matches}
    numbers = {uri: int(str(metadata["number"])) for uri, metadata in every.items()}
    assert found({"uri": stored[0].uri}) == {stored[0].uri}
    assert found(["number>=5", "number<9", "tags!=t0"]) == {u for u, n in numbers.items() if 5 <= n < 9 and n % 3}
    assert found(["tags=t1", "tags=all"]) == {uri for uri, number in numbers.items() if number % 3 == 1}
    assert found({"number": [1, 2], "is_even": True}) == {uri for uri, number in numbers.items() if number == 2}
    assert found(["number missing"]) == set()
    for wrong, said in ((["number=many"], "number is an integer"), (["number>5", "number<5"], "No image has both")):
        with pytest.raises(FilterRejected, match=said) as error:
            found(wrong)
        # What an index of this machine raises, and what the service refuses.
        assert isinstance(error.value, BadFilter) and isinstance(error.value, RequestRejected)


@pytest.mark.parametrize("filters", [{"folder": "x" * 2**20}, {"number": range(101)}, ["number>1"] * 21])
def test_more_filters_than_the_service_accepts_are_refused(
    client: Client, stored: list[ImageRef], filters: Any
) -> None:
    for ask in (
        lambda: client.search(id=stored[0].id, filters=filters),
        lambda: client.facet("number", filters=filters),
    ):
        with pytest.raises(BadFilter, match=r"At most|characters"):
            ask()


def test_fields_and_facets_are_read(client: Client) -> None:
    assert {field.name: field.type for field in client.fields()}["tags"] == "keyword[]"
    facet = client.facet("number", limit=3, filters=["number>=4", "number<8"])
    assert (facet.type, len(facet.values), facet.greatest) == ("integer", 3, 7)
    assert {item.value for item in client.facet("is_even").values} == {True, False}
    with pytest.raises(BadFilter, match="no metadata field"):
        client.facet("x?limit=1")


def test_label_and_name_are_one_filter(client: Client, query: bytes) -> None:
    with pytest.raises(BadSetting, match="are the same field"):
        client.search(query, filters={"label": "a", "name": "b"})
