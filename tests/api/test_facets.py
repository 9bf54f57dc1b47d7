"""Facets over HTTP, alone and with a search, on both indexes."""

from typing import Any

import httpx2
import pytest

from lookalike.client import Client
from lookalike.errors import FilterRejected
from lookalike.queries.examples import Stored
from lookalike.records import ImageRef
from tests.api.test_bad_input import problem_detail
from tests.browser.stage import LABELS, PER_CLASS

pytestmark = pytest.mark.usefixtures("goes_on")


def by_field(facets: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {facet["field"]: facet for facet in facets["facets"]}


def test_all_fields_are_counted_in_one_request(client: httpx2.Client, stored: list[ImageRef]) -> None:
    answer = client.get("/facets").json()
    found = by_field(answer)
    assert answer["total"] == len(stored) and set(found) == {"label", "folder", "is_even", "number", "tags"}
    assert {item["value"]: item["documents"] for item in found["label"]["values"]} == dict.fromkeys(LABELS, PER_CLASS)
    assert {type(item["value"]) for item in found["is_even"]["values"]} == {bool}
    assert found["tags"]["values"][0] == {"value": "all", "documents": len(stored)}
    numbers = found["number"]
    assert sum(item["documents"] for item in numbers["ranges"]) == numbers["documents"] == len(stored)
    assert numbers["ranges"][0]["min"] <= numbers["least"] and numbers["ranges"][-1]["below"] is None
    for item in numbers["ranges"]:
        limits = {"metadata.number.min": item["min"], "metadata.number.below": item["below"]}
        given = {name: value for name, value in limits.items() if value is not None}
        assert client.get("/images", params=given).json()["total"] == item["documents"]


def test_facets_are_of_the_filtered_set(client: httpx2.Client) -> None:
    answer = client.get("/facets?fields=label,number&limit=2&ranges=3&metadata.number.max=9").json()
    found = by_field(answer)
    assert list(found) == ["label", "number"] and len(found["label"]["values"]) == 2
    assert found["number"]["greatest"] <= 9 and 1 <= len(found["number"]["ranges"]) <= 3
    assert answer["total"] == client.get("/images?metadata.number.max=9").json()["total"]


def test_a_search_counts_its_filtered_set_and_not_what_is_nearest(
    client: httpx2.Client, query: bytes, stored: list[ImageRef]
) -> None:
    parameters = "metadata.number.max=9&facets=label,number"
    whole = client.get("/facets?metadata.number.max=9&fields=label,number").json()
    asked = {"examples": [{"id": stored[0].id}], "k": 1, "filters": ["number<=9"], "facets": ["label", "number"]}
    answers = [
        client.post(f"/search?k=1&{parameters}", content=query),
        client.post(f"/search?k=2&min_score=0.999&{parameters}", content=query),
        client.get(f"/search?k=1&{parameters}&id={stored[0].id}"),
        client.post(f"/search/batch?mode=mean&k=1&{parameters}", files={"image": query}),
        client.post("/search", json=asked),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json()["facets"] == whole and len(answer.json()["matches"]) <= 2
    assert client.post("/search?k=1", content=query).json()["facets"] is None


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("fields=nubmer", "Did you mean number?"),
        ("fields=label,", "'' is no name of a field"),
        ("fields=", "'' is no name of a field"),
        ("fields=label&fields=number", "more than once"),
        ("fields=label&filter=nubmer=1", "Did you mean number?"),
        ("fields=number&metadata.number.min=5&metadata.number.max=4", "No image has both"),
        ("fields=number&metadata.number.min=many", "number is an integer"),
        ("fields=taken&taken.min=soon", "taken is a date"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("ranges=1", "ranges"),
        ("ranges=101", "ranges"),
        ("ranges=few", "ranges"),
        ("k=5", "Unknown parameter 'k'"),
    ],
)
def test_what_cannot_be_counted_is_refused(client: httpx2.Client, parameters: str, words: str) -> None:
    assert words in problem_detail(client.get(f"/facets?{parameters}"), 400)


def test_a_search_with_a_facet_that_there_is_not_is_refused(
    client: httpx2.Client, query: bytes, stored: list[ImageRef]
) -> None:
    examples = [{"id": stored[0].id}]
    for answer in (
        client.post("/search?facets=nubmer", content=query),
        client.get(f"/search?facets=label,nubmer&id={stored[0].id}"),
        client.post("/search", json={"examples": examples, "facets": ["nubmer"]}),
    ):
        assert "Did you mean number?" in problem_detail(answer, 400)
    problem_detail(client.post("/search", json={"examples": examples, "facets": "label"}), 400)
    problem_detail(client.post("/search?facets=label", content=b"no image"), 422)
    assert "/facets" in problem_detail(client.post("/search/batch?facets=label", files={"image": query}), 400)


def test_the_client_counts_as_well(lance_client: httpx2.Client, stored: list[ImageRef]) -> None:
    with Client(str(lance_client.base_url)) as client:
        found = client.facets("label", "number", filters={"label": LABELS[1]})
        assert found.total == found["label"].values[0].documents == PER_CLASS and len(found.facets) == 2
        assert client.facets().total == len(stored) and client.facets(limit=1)["label"].values[0].documents == PER_CLASS
        assert client.facet("number").ranges
        asked = [Stored(stored[0].id), Stored(stored[1].id, weight=-0.5)]
        for result in (
            client.search(id=stored[0].id, k=1, facets=["label", "number"], filters={"label": LABELS[1]}),
            client.search_like(asked, k=1, facets=["label", "number"], filters={"label": LABELS[1]}),
        ):
            assert result.facets == found
        assert client.search(id=stored[0].id, facets=None).facets is None
        with pytest.raises(FilterRejected, match="Did you mean number"):
            client.facets("nubmer")
