"""Pages, orders and groups of matches, on both indexes."""

import tracemalloc
from base64 import b64encode
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from lookalike.queries.cursor import parse_cursor
from lookalike.queries.examples import Upload
from lookalike.records import ImageRef
from lookalike_api.example_search import checksum_of
from lookalike_api.search import Query
from tests.api.test_bad_input import problem_detail
from tests.api.test_search import found, ids
from tests.browser.stage import LABELS

pytestmark = pytest.mark.usefixtures("goes_on")


def pages(client: httpx2.Client, query: bytes, **parameters: Any) -> list[list[dict[str, Any]]]:
    cursor, all = "*", []
    while cursor is not None:
        answer = client.post("/search", params={**parameters, "cursor": cursor}, content=query)
        all.append(found(answer))
        cursor = answer.json()["cursor"]
    return all


def test_cursors_lead_through_all_matches(client: httpx2.Client, query: bytes, stored: list[ImageRef]) -> None:
    whole = ids(client.post("/search?k=100", content=query))
    each = pages(client, query, k=7)
    assert [len(page) for page in each] == [7, 7, 7, len(stored) - 21]
    assert sorted(match["id"] for page in each for match in page) == sorted(whole)
    scores = [match["score"] for page in each for match in page]
    assert scores == sorted(scores, reverse=True)


def test_the_answer_names_its_model_and_candidates(client: httpx2.Client, query: bytes, stored: list[ImageRef]) -> None:
    for answer in (client.post("/search?k=3", content=query), client.get(f"/search?k=3&id={stored[0].id}")):
        said = answer.json()
        assert said["model"] == "efficientnet-lite0" and 3 <= said["candidates"] <= len(stored)
        assert said["cursor"] is None


def test_the_stages_are_a_header_as_well(client: httpx2.Client, query: bytes, stored: list[ImageRef]) -> None:
    answers = [
        client.post("/search", content=query),
        client.get(f"/search?id={stored[0].id}"),
        client.post("/search/batch", files={"image": query}),
        client.post("/search/batch?mode=mean", files={"image": query}),
    ]
    for answer in answers:
        stages = dict(stage.split(";dur=") for stage in answer.headers["Server-Timing"].split(", "))
        assert {name: float(took) for name, took in stages.items()} == pytest.approx(answer.json()["took_ms"], rel=1e-4)


def test_only_the_best_match_of_each_label_is_shown(client: httpx2.Client, query: bytes) -> None:
    whole = found(client.post("/search?k=100", content=query))
    best = {match["name"]: match["id"] for match in reversed(whole)}
    grouped = found(client.post("/search?k=100&group_by=label", content=query))
    assert {match["name"]: match["id"] for match in grouped} == best and len(grouped) == len(LABELS)
    assert len(found(client.post("/search?k=4&group_by=label", content=query))) == 4
    assert {
        match["metadata"]["is_even"] for match in found(client.post("/search?group_by=is_even", content=query))
    } == {
        True,
        False,
    }


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(("sort", "key"), [("label", "name"), ("number", "number"), ("ingested", "ingested_at")])
def test_matches_are_sorted_by_what_is_asked_for(
    client: httpx2.Client, query: bytes, sort: str, key: str, is_reversed: bool
) -> None:
    chosen = f"-{sort}" if is_reversed else sort
    each = pages(client, query, k=9, sort=chosen)
    values = [(match | match["metadata"])[key] for page in each for match in page]
    assert values == sorted(values, reverse=is_reversed != (sort == "ingested")) and len(values) == 24


def test_a_least_score_bounds_what_is_sorted(client: httpx2.Client, query: bytes) -> None:
    whole = found(client.post("/search?k=100", content=query))
    least = (whole[4]["score"] + whole[5]["score"]) / 2
    best = found(client.post(f"/search?k=100&sort=number&min_score={least}", content=query))
    assert {match["id"] for match in best} == {match["id"] for match in whole[:5]}
    assert [match["metadata"]["number"] for match in best] == sorted(match["metadata"]["number"] for match in best)


def test_a_cursor_of_something_else_is_refused(
    lance_client: httpx2.Client, query: bytes, stored: list[ImageRef]
) -> None:
    cursor = lance_client.post("/search?k=5&cursor=*", content=query).json()["cursor"]
    for path in (f"k=5&label={LABELS[0]}", "k=5&sort=label", "k=5&exact=true", "k=5&min_score=0.1"):
        answer = lance_client.post(f"/search?{path}&cursor={cursor}", content=query)
        assert "another search" in problem_detail(answer, 400)
    others = (
        lance_client.get(f"/search?id={stored[0].id}&cursor={cursor}"),
        lance_client.post(f"/search?k=5&cursor={cursor}", content=query + b"x"),
    )
    for other in others:
        assert "another search" in problem_detail(other, 400)
    for made_up in ("x", "W10", "*" * 10):
        answer = lance_client.post(f"/search?cursor={made_up}", content=query)
        assert "not one of this service" in problem_detail(answer, 400)
    problem_detail(lance_client.post(f"/search?offset=3&cursor={cursor}", content=query), 400)
    problem_detail(lance_client.post("/search/batch?cursor=*", files={"image": query}), 400)


def test_the_checksum_of_a_search_makes_no_text_of_its_images() -> None:
    examples = [Upload(bytes(2**22))]
    tracemalloc.start()
    try:
        checksum_of(examples, Query())
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_cursor_of_another_version_of_the_index_is_refused(lance_client: httpx2.Client, query: bytes) -> None:
    cursor = parse_cursor(lance_client.post("/search?k=5&cursor=*", content=query).json()["cursor"])
    answer = lance_client.post(f"/search?k=5&cursor={replace(cursor, version='images-v0')}", content=query)
    said = problem_detail(answer, 400)
    assert f"of 'images-v0', and the index is {cursor.version} now" in said and "Begin again" in said


def test_pages_of_groups_that_are_sorted_end(client: httpx2.Client, query: bytes) -> None:
    each = pages(client, query, k=4, sort="label", group_by="label")
    assert [match["name"] for page in each for match in page] == sorted(LABELS)


@pytest.mark.parametrize(
    "option", ["sort=nubmer", "sort=-nubmer&offset=3", "group_by=nubmer", "sort=nubmer&diversity=0"]
)
def test_an_unknown_field_is_refused_with_the_one_that_was_meant(
    client: httpx2.Client, query: bytes, option: str
) -> None:
    said = problem_detail(client.post(f"/search?{option}", content=query), 400)
    assert "no metadata field 'nubmer'" in said and "Did you mean number?" in said
    problem_detail(client.post(f"/search/batch?{option}", files={"image": query}), 400)


def test_an_empty_field_is_refused_in_an_address_as_in_a_body(client: httpx2.Client, query: bytes) -> None:
    said = problem_detail(client.post("/search?group_by=", content=query), 400)
    body = {"examples": [{"data": b64encode(query).decode()}], "group_by": ""}
    assert said == problem_detail(client.post("/search", json=body), 400) and "'' is no name of a field" in said


def test_no_value_of_a_known_field_is_no_error(client: httpx2.Client, query: bytes) -> None:
    assert found(client.post("/search?sort=number&min_score=1", content=query)) == []


@pytest.mark.parametrize("options", ["group_by=label", "sort=number", "diversity=0.7"])
def test_each_of_several_images_is_searched_as_if_alone(client: httpx2.Client, query: bytes, options: str) -> None:
    alone = ids(client.post(f"/search?k=5&{options}", content=query))
    answers = client.post(f"/search/batch?k=5&{options}", files=[("image", ("a", query))] * 2).json()["answers"]
    assert [[match["id"] for match in answer["matches"]] for answer in answers] == [alone] * 2


@pytest.mark.parametrize("sort", ["", "-", "-score"])
def test_what_is_no_order_is_refused(lance_client: httpx2.Client, query: bytes, sort: str) -> None:
    problem_detail(lance_client.post("/search", params={"sort": sort}, content=query), 400)


def test_diverse_matches_show_more_labels(client: httpx2.Client, query: bytes) -> None:
    plain, diverse, most = (
        found(client.post(f"/search?k=6&diversity={diversity}", content=query)) for diversity in (0, 0.5, 1)
    )
    assert plain[0]["id"] == diverse[0]["id"] == most[0]["id"]
    assert len({match["id"] for match in diverse}) == 6
    labels = [len({match["name"] for match in matches}) for matches in (plain, diverse, most)]
    assert labels[0] <= labels[1] <= labels[2] and labels[0] < labels[2]


@pytest.mark.parametrize("options", ["cursor=*", "offset=1", "sort=label", "sort=-ingested"])
def test_diverse_matches_are_one_page(lance_client: httpx2.Client, query: bytes, options: str) -> None:
    said = problem_detail(lance_client.post(f"/search?diversity=0.5&{options}", content=query), 400)
    assert "one page" in said
