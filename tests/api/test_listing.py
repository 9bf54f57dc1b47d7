"""The stored images without a query, on both indexes."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import httpx2
import pytest

from lookalike.client import Client
from lookalike.errors import FilterRejected, RequestRejected
from lookalike.records import ImageRef
from tests.api.test_bad_input import problem_detail
from tests.browser.stage import LABELS


def listed(client: httpx2.Client, **parameters: Any) -> list[list[dict[str, Any]]]:
    """All pages."""
    cursor: dict[str, Any] = {}
    pages: list[list[dict[str, Any]]] = []
    while cursor.get("cursor", "") is not None:
        answer = client.get("/images", params={"limit": 9, **parameters, **cursor})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["images"])
        cursor = {"cursor": answer.json()["next"]}
    return pages


def test_every_image_is_listed_once_in_each_order(client: httpx2.Client, stored: list[ImageRef]) -> None:
    for sort, key in (("newest", "ingested_at"), ("label", "name"), ("-number", "number"), ("random", None)):
        pages = listed(client, sort=sort)
        images = [image for page in pages for image in page]
        assert [len(page) for page in pages] == [9, 9, len(stored) - 18]
        assert {image["id"]: image["uri"] for image in images} == {ref.id: ref.uri for ref in stored}
        if key is not None:
            values = [(image | image["metadata"])[key] for image in images]
            assert values == sorted(values, reverse=sort in ("newest", "-number"))
    assert listed(client, sort="random", seed=1) == listed(client, sort="random", seed=1)
    assert listed(client, sort="random", seed=1) != listed(client, sort="random", seed=2)


def test_a_listed_image_has_what_a_page_shows(client: httpx2.Client, stored: list[ImageRef]) -> None:
    answer = client.get("/images", params={"label": LABELS[1], "limit": 4}).json()
    assert answer["total"] == 4 and answer["next"] is None
    for image in answer["images"]:
        assert image["name"] == LABELS[1] and image["width"] > 0 and image["height"] > 0
        assert image["metadata"]["folder"] == LABELS[1] and image["ingested_at"].startswith("20")
        assert client.get(f"/images/{image['id']}/thumbnail").status_code == 200
    assert client.get("/images?taken.exists=false&limit=1").json()["total"] == len(stored)
    assert client.get("/images", params={"taken.min": "2024"}).json()["total"] == 0
    assert client.get("/images", params={"label": "nothing"}).json() == {"images": [], "next": None, "total": 0}


def test_the_client_lists_as_well(lance_client: httpx2.Client, stored: list[ImageRef]) -> None:
    with Client(str(lance_client.base_url)) as client:
        first = client.images("label", limit=20)
        rest = client.images("label", limit=20, cursor=first.next)
        assert {image.id for image in (*first.images, *rest.images)} == {ref.id for ref in stored}
        assert first.total == len(stored) and rest.next is None
        assert client.images("random", seed=3, filters=["number<5"]).total == client.images(filters=["number<5"]).total
        with pytest.raises(FilterRejected, match="Did you mean number"):
            client.images("nubmer")
        with pytest.raises(RequestRejected, match="no order"):
            client.images("score")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"sort": "score"}, "no order of a list"),
        ({"sort": "nubmer"}, "Did you mean number?"),
        ({"sort": "tags"}, "tags has several values"),
        ({"sort": "-random"}, "no order of a list"),
        ({"sort": ""}, "no order of a list"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"seed": "a"}, "seed"),
        ({"cursor": "x"}, "not one of this service"),
        ({"cursor": "*"}, "not one of this service"),
        ({"cursor": "x" * 60_001}, "cursor"),
        ({"filter": "nubmer=1"}, "Did you mean number?"),
        ({"filter": "number=many"}, "number is an integer"),
        ({"filter": ["number>5", "number<5"]}, "No image has both"),
        ({"filter": "taken>=soon"}, "taken is a date"),
        ({"taken.min": "2024-99-01"}, "taken is a date"),
        ({"taken": "yesterday"}, "taken is a date"),
        ({"taken.min": "2025", "taken.max": "2024"}, "No image has both"),
        ({"taken.exists": "maybe"}, "neither true nor false"),
        ({"k": 5}, "Unknown parameter 'k'"),
        ({"sort": ["label", "newest"]}, "more than once"),
    ],
)
def test_a_list_that_there_is_not_is_refused(client: httpx2.Client, parameters: dict[str, Any], words: str) -> None:
    assert words in problem_detail(client.get("/images", params=parameters), 400)


def test_a_cursor_of_another_list_is_refused(client: httpx2.Client) -> None:
    cursor = client.get("/images?sort=random&seed=1&limit=5").json()["next"]
    for parameters in ("sort=random&seed=2", "sort=label&seed=1", f"sort=random&seed=1&label={LABELS[0]}"):
        answer = client.get(f"/images?{parameters}&cursor={cursor}")
        assert "another list" in problem_detail(answer, 400)
    assert client.get(f"/images?sort=random&seed=1&limit=6&cursor={cursor}").status_code == 200


@pytest.mark.parametrize("value", ["'x'", "1", "true", "null", "1.5", "9" * 30, "NaN", "'\\ud800'"])
def test_a_cursor_that_somebody_made_is_refused_or_goes_on(client: httpx2.Client, value: str) -> None:
    for sort in ("newest", "label", "number", "is_even", "random"):
        given = client.get("/images", params={"sort": sort, "limit": 1}).json()["next"]
        fields = json.loads(urlsafe_b64decode(given + "=" * (-len(given) % 4)))
        text = json.dumps(fields).replace(json.dumps(fields[0]), value.replace("'", '"'), 1)
        made = urlsafe_b64encode(text.encode()).decode().rstrip("=")
        answer = client.get("/images", params={"sort": sort, "limit": 1, "cursor": made})
        assert answer.status_code == 200 or "not one of this service" in problem_detail(answer, 400)
