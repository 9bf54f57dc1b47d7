"""Searches by several examples, wanted and not, of which some are regions, on both indexes."""

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from lookalike.queries.mixing import NEGATIVE_SHARE
from lookalike.records import ImageRef
from tests.api.test_bad_input import problem_detail
from tests.api.test_search import ids

pytestmark = pytest.mark.usefixtures("goes_on")


def asked(client: httpx2.Client, *examples: dict[str, Any], **options: Any) -> httpx2.Response:
    return client.post("/search", json={"examples": list(examples), "k": 24, **options})


def with_images(client: httpx2.Client, images: list[bytes], *examples: dict[str, Any]) -> httpx2.Response:
    query = json.dumps({"examples": list(examples), "k": 24})
    return client.post("/search", files=[("query", ("", query)), *(("image", ("a", image)) for image in images)])


def test_one_example_is_the_search_by_that_image(client: httpx2.Client, query: bytes, stored: list[ImageRef]) -> None:
    by_upload = ids(client.post("/search?k=24", content=query))
    assert ids(asked(client, {"data": base64.b64encode(query).decode()})) == by_upload
    assert ids(with_images(client, [query], {"image": 0})) == by_upload
    by_id = ids(client.get(f"/search?id={stored[3].id}&k=24"))
    assert ids(asked(client, {"id": stored[3].id})) == by_id
    assert ids(asked(client, {"uri": stored[3].uri, "weight": 5})) == by_id


def test_examples_are_summed_with_their_weights_and_left_out(client: httpx2.Client, stored: list[ImageRef]) -> None:
    """What the index finds is in the order of the cosine with the sum, computed here."""
    chosen = [(stored[0].id, 1.0), (stored[9].id, 2.0), (stored[17].id, -0.5)]
    matches = asked(client, *({"id": id, "weight": weight} for id, weight in chosen), exact=True).json()["matches"]
    alone = {
        id: {match["id"]: match["score"] for match in asked(client, {"id": id}, exact=True).json()["matches"]} | {id: 1}
        for id, _ in chosen
    }
    others = [match["id"] for match in matches]
    assert set(others) == {ref.id for ref in stored} - {id for id, _ in chosen} and len(others) == len(stored) - 3
    # The cosine with a sum of unit vectors is the sum of the cosines, divided by the length of the sum.
    gram = np.array([[alone[one][other] for other, _ in chosen] for one, _ in chosen])
    weights = np.array([weight * (NEGATIVE_SHARE if weight < 0 else 1) for _, weight in chosen])
    length = np.sqrt(weights @ gram @ weights)
    for match in matches:
        found = np.array([alone[id][match["id"]] for id, _ in chosen])
        expected = weights @ found / length
        assert match["score"] == pytest.approx(expected, abs=2e-3)


def test_what_is_not_wanted_moves_away(client: httpx2.Client, stored: list[ImageRef]) -> None:
    wanted, other = stored[0].id, stored[9].id
    negatives: tuple[list[dict[str, Any]], ...] = ([], [{"id": other, "weight": -0.5}])
    plain, without = (
        {match["id"]: match["score"] for match in asked(client, {"id": wanted}, *negative).json()["matches"]}
        for negative in negatives
    )
    neighbour = ids(client.get(f"/search?id={other}&k=2"))[0]
    others = [id for id in plain if id in without and id != neighbour]
    assert plain[neighbour] - without[neighbour] > np.mean([plain[id] - without[id] for id in others])


def test_a_region_of_an_upload_is_searched_as_if_it_were_cut_out(client: httpx2.Client, stored: list[ImageRef]) -> None:
    cut, whole = Image.open(stored[5].uri).convert("RGB"), BytesIO()
    sheet = Image.new("RGB", (3 * cut.width, 2 * cut.height), "white")
    sheet.paste(cut, (cut.width, cut.height))
    sheet.save(whole, "PNG")
    region = f"{cut.width},{cut.height},{cut.width},{cut.height}"
    best = with_images(client, [whole.getvalue()], {"image": 0, "region": region}).json()["matches"][0]
    assert best["id"] == stored[5].id and best["score"] > 0.99


def test_a_region_of_a_stored_image_is_read_from_its_file(client: httpx2.Client, stored: list[ImageRef]) -> None:
    region = "pct:0,0,50,50"
    by_file = with_images(client, [Path(stored[5].uri).read_bytes()], {"image": 0, "region": region})
    expected = [id for id in ids(by_file) if id != stored[5].id]
    assert ids(asked(client, {"id": stored[5].id, "region": region})) == expected


def test_stored_examples_may_stand_in_the_address(client: httpx2.Client, stored: list[ImageRef]) -> None:
    first, second, third = (stored[place].id for place in (0, 9, 17))
    body = asked(
        client, {"id": first, "weight": 2}, {"id": second, "region": "pct:0,0,50,50"}, {"id": third, "weight": -0.5}
    )
    examples = [f"2:{first}", f"{second}@pct:0,0,50,50", f"-0.5:{third}"]
    answer = client.get("/search", params={"example": examples, "k": 24})
    assert ids(answer) == ids(body) and len(ids(answer)) == len(stored) - 3
    with_themselves = client.get("/search", params={"example": examples, "k": 24, "include_self": True})
    assert len(ids(with_themselves)) == len(stored)
    assert ids(client.get(f"/search?example={first}&k=24")) == ids(client.get(f"/search?id={first}&k=24"))


def test_pages_of_an_address_go_on(client: httpx2.Client, stored: list[ImageRef]) -> None:
    asked_for: dict[str, Any] = {"example": [stored[0].id, f"-0.5:{stored[9].id}"], "k": 9, "sort": "-number"}
    first = client.get("/search", params={**asked_for, "cursor": "*"}).json()
    second = client.get("/search", params={**asked_for, "cursor": first["cursor"]}).json()
    numbers = [match["metadata"]["number"] for match in (*first["matches"], *second["matches"])]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == 18


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 400, "exactly one of id, uri and example"),
        ("id={0}&example={1}", 400, "exactly one of id, uri and example"),
        ("example=", 400, "'' is no example"),
        ("example=x:{0}", 400, "is no example"),
        ("example=nan:{0}", 400, "is no example"),
        ("example=0:{0}", 400, "0 is no weight"),
        ("example=101:{0}", 400, "101 is no weight"),
        ("example=-1:{0}", 400, "All examples are negative"),
        ("example={0}&example=-1:{0}", 400, "cancel each other out"),
        ("example={0}@1,2,3", 400, "'1,2,3' is no region"),
        ("example={0}@1,2,0,3", 400, "has no area"),
        ("example={0}@99999,0,5,5", 422, "lies outside the image"),
        ("example={0}&example={1}@99999,0,5,5", 422, "image 2 of 2"),
        ("example=" + "&example=".join(["{0}"] * 33), 400, "1 to 32 examples, not 33"),
        ("example={0}&example=" + "0" * 40, 404, "0" * 40),
        ("example=../etc", 404, "../etc"),
        ("example=" + "x" * 300, 400, "200 characters"),
    ],
)
def test_a_bad_example_in_an_address_is_refused_with_a_sentence(
    lance_client: httpx2.Client, stored: list[ImageRef], query: str, status: int, said: str
) -> None:
    answer = lance_client.get("/search?" + query.format(*(ref.id for ref in stored)))
    assert said in problem_detail(answer, status)


def test_options_hold_for_a_query_of_examples(client: httpx2.Client, stored: list[ImageRef]) -> None:
    examples = [{"id": stored[0].id}, {"id": stored[9].id}]
    whole = ids(asked(client, *examples))
    assert ids(asked(client, *examples, k=5, offset=3)) == whole[3:8]
    labelled = asked(client, *examples, filters=[f"label={stored[20].label}"]).json()["matches"]
    assert labelled and {match["name"] for match in labelled} == {stored[20].label}
    assert ids(asked(client, *examples, min_score=1)) == []


@pytest.mark.parametrize(
    ("example", "said"),
    [
        ({}, "exactly one of id, uri, image, data"),
        ({"id": "0" * 40, "data": ""}, "exactly one of id, uri, image, data"),
        ({"image": 0}, "but the form has 0"),
        ({"data": "?"}, "not base64"),
        ({"data": "", "weight": 0}, "0 is no weight"),
        ({"data": "", "weight": 1e9}, "1e+09 is no weight"),
        ({"data": "", "weight": True}, "true or false, not a number"),
        ({"image": False}, "true or false, not a number"),
        ({"data": "", "weight": -1}, "All examples are negative"),
        ({"data": "", "region": "1,2,3"}, "'1,2,3' is no region"),
        ({"data": "", "region": "1,2,0,3"}, "has no area"),
        ({"data": "", "wieght": 1}, "wieght"),
    ],
)
def test_a_bad_example_is_refused_with_a_sentence(
    lance_client: httpx2.Client, example: dict[str, Any], said: str
) -> None:
    assert said in problem_detail(asked(lance_client, example), 400)


def test_a_bad_query_is_refused_with_a_sentence(
    lance_client: httpx2.Client, stored: list[ImageRef], query: bytes
) -> None:
    first, second = ({"id": ref.id} for ref in stored[:2])
    cases: dict[str, list[dict[str, Any]]] = {
        "cancel each other out": [first, {**first, "weight": -1}],
        "no more than 32 items": [first] * 33,
        "at least 1 item": [],
    }
    for said, examples in cases.items():
        assert said in problem_detail(asked(lance_client, *examples), 400).replace("at most", "no more than")
    weights = ("NaN", "Infinity", "1e999", '"2x"')
    texts = ['{"examples": [{"id": "x", "weight": ' + weight + "}]}" for weight in weights]
    for text in (*texts, "[", "7", '"\\ud800"', "[" * 100_000):
        answer = lance_client.post("/search", content=text, headers={"Content-Type": "application/json"})
        problem_detail(answer, 400)
    problem_detail(lance_client.post("/search?k=3", json={"examples": [first]}), 400)
    many = {"examples": [first]} | dict.fromkeys(map(str, range(60_000)))
    assert "120,000 commas and colons" in problem_detail(lance_client.post("/search", json=many), 400)
    problem_detail(asked(lance_client, first, filters=["nubmer=1"]), 400)
    problem_detail(asked(lance_client, {"id": "0" * 40}, second), 404)
    assert "image 2 of 2" in problem_detail(asked(lance_client, first, {"data": ""}), 422)
    outside = with_images(lance_client, [query], {"image": 0, "region": "99999,0,5,5"})
    assert "lies outside the image" in problem_detail(outside, 422)
    twice = lance_client.post("/search", files=[("query", ("", "{}")), ("query", ("", "{}"))])
    assert "more than one part named query" in problem_detail(twice, 400)
    problem_detail(lance_client.post("/search", files=[("image", ("a", query))] * 2), 400)
