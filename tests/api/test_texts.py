"""Searches by texts, alone and with images, on both indexes."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from lookalike.queries.text import MAX_TEXT
from lookalike.records import ImageRef
from lookalike.settings import read_settings
from testing.services.opensearch import left_as_found
from tests.api.service import serving
from tests.api.test_bad_input import problem_detail
from tests.api.test_examples import asked, with_images
from tests.browser.stage import LABELS, PER_CLASS, fill

pytestmark = pytest.mark.usefixtures("goes_on")


@pytest.fixture(scope="module", params=["lancedb", "opensearch"])
def texts_client(
    request: pytest.FixtureRequest,
    text_home: Path,
    text_pair: Path,
    broker_url: str,
    drawn: tuple[Path, Path],
) -> Iterator[httpx2.Client]:
    """A client of a service whose model has a text side, on each index."""
    chosen: dict[str, Any] = {"home": text_home, "model": str(text_pair), "index": "texts"}
    with ExitStack() as ending:
        if request.param == "opensearch":
            chosen["index_url"] = ending.enter_context(left_as_found(request.getfixturevalue("opensearch_server")))
        settings = read_settings(broker_url=broker_url, roots=(drawn[0],), **chosen)
        fill(settings, broker_url, drawn[0])
        yield ending.enter_context(serving(settings))


def labels(response: httpx2.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [match["name"] for match in response.json()["matches"]]


def scores(response: httpx2.Response) -> dict[str, float]:
    assert response.status_code == 200, response.text
    return {match["id"]: match["score"] for match in response.json()["matches"]}


def words(label: str) -> str:
    return label.replace("-", " ")


def test_a_text_finds_what_it_says(texts_client: httpx2.Client) -> None:
    for label in LABELS:
        assert labels(asked(texts_client, {"text": f"a picture of {words(label)}"}, k=PER_CLASS)).count(label) >= 3


def test_texts_and_images_are_one_query(texts_client: httpx2.Client, stored: list[ImageRef]) -> None:
    """What is wanted of a text comes nearer, and what is not wanted goes away."""
    image, label = {"id": stored[0].id}, LABELS[-1]
    plain = scores(asked(texts_client, image, k=100))
    nearer = scores(asked(texts_client, image, {"text": words(label), "weight": 2}, k=100))
    farther = scores(asked(texts_client, image, {"text": words(label), "weight": -0.5}, k=100))
    some = [ref.id for ref in stored if ref.label == label]
    assert set(plain) == set(nearer) == set(farther) == {ref.id for ref in stored} - {stored[0].id}
    for id in some:
        assert farther[id] < plain[id] < nearer[id]


def test_a_text_and_an_upload_are_one_query(texts_client: httpx2.Client, query: bytes) -> None:
    text = words(LABELS[-1])
    alone = labels(with_images(texts_client, [query], {"image": 0}))
    both = labels(with_images(texts_client, [query], {"text": text, "weight": 3}, {"image": 0}))
    assert alone[0] == LABELS[0] and both[0] == LABELS[-1]


def test_a_text_search_has_options_and_pages(texts_client: httpx2.Client, stored: list[ImageRef]) -> None:
    example = {"text": words(LABELS[0])}
    whole = list(scores(asked(texts_client, example, k=100)))
    assert len(whole) == len(stored)
    first = asked(texts_client, example, k=10, cursor="*").json()
    second = asked(texts_client, example, k=10, cursor=first["cursor"])
    assert [match["id"] for match in first["matches"]] == whole[:10] and list(scores(second)) == whole[10:20]
    other = asked(texts_client, {"text": words(LABELS[1])}, k=10, cursor=first["cursor"])
    assert "of another search" in problem_detail(other, 400)
    assert set(labels(asked(texts_client, example, filters=[f"label={LABELS[2]}"]))) == {LABELS[2]}
    answer = asked(texts_client, example).json()
    assert answer["took_ms"]["embed"] > 0 and answer["took_ms"]["decode"] == 0 and answer["model"] == "pair"


def test_a_service_says_whether_its_model_has_a_text_side(
    texts_client: httpx2.Client, lance_client: httpx2.Client
) -> None:
    assert texts_client.get("/info").json()["text"] is True
    assert lance_client.get("/info").json()["text"] is False


def test_a_text_for_a_model_without_a_text_side_is_refused(lance_client: httpx2.Client, query: bytes) -> None:
    said = "The model efficientnet-lite0 has no text side: it cannot search by text."
    assert said in problem_detail(asked(lance_client, {"text": "fruit"}), 400)
    assert said in problem_detail(with_images(lance_client, [query], {"image": 0}, {"text": "fruit"}), 400)


@pytest.mark.parametrize(
    ("example", "said"),
    [
        ({"text": ""}, "An empty text says nothing"),
        ({"text": " \n"}, "An empty text says nothing"),
        ({"text": "x" * (MAX_TEXT + 1)}, "2,001 characters is too long"),
        ({"text": "x" * 100_000}, "100,000 characters is too long"),
        ({"text": 5}, "valid string"),
        ({"text": "red", "id": "0" * 40}, "exactly one of id, uri, image, data, text"),
        ({"text": "red", "region": "0,0,1,1"}, "a text, which has no region"),
        ({"text": "red", "weight": 0}, "0 is no weight"),
        ({"text": "red", "weight": -1}, "All examples are negative"),
        ({"text": "zzz qqq"}, "makes no vector of 'zzz qqq'"),
    ],
)
def test_a_text_that_says_nothing_is_refused_with_a_sentence(
    texts_client: httpx2.Client, example: dict[str, Any], said: str
) -> None:
    assert said in problem_detail(asked(texts_client, example), 400)


def test_texts_that_cancel_each_other_out_are_refused(texts_client: httpx2.Client) -> None:
    detail = problem_detail(asked(texts_client, {"text": "rings"}, {"text": "rings", "weight": -1}), 400)
    assert "cancel each other out" in detail


def test_a_lone_surrogate_is_refused(texts_client: httpx2.Client) -> None:
    body = json.dumps({"examples": [{"text": "red \ud800"}]})
    answer = texts_client.post("/search", content=body, headers={"Content-Type": "application/json"})
    problem_detail(answer, 400)
