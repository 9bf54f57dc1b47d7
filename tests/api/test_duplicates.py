"""Groups of duplicates over HTTP, on both indexes."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from lookalike.records import ImageRef
from testing.processes import await_true
from tests.api.test_bad_input import problem_detail
from tests.browser.stage import LABELS, PER_CLASS

PATH = "/duplicates/groups"


def compared(client: httpx2.Client, **parameters: Any) -> dict[str, Any]:
    """The first page of the groups, when the comparison has finished."""
    begun = client.post(PATH, params=parameters)
    assert begun.status_code == 202, begun.text

    def has_ended() -> bool:
        return client.get(PATH, params=parameters).json()["state"] in ("finished", "failed")

    await_true(has_ended)
    answer: dict[str, Any] = client.get(PATH, params=parameters).json()
    assert answer["state"] == "finished", answer
    assert answer["images"] == answer["read"] == answer["compared"] and answer["ended"] and not answer["error"]
    return answer


def test_all_images_near_one_are_a_group(client: httpx2.Client, stored: list[ImageRef]) -> None:
    answer = compared(client, threshold=-1)
    (group,) = answer["groups"]
    assert answer["total"] == 1 and answer["next"] is None and answer["images"] == len(stored)
    assert sorted(image["uri"] for image in group["images"]) == sorted(ref.uri for ref in stored)
    assert group["kind"] == "near" and group["size"] == len(stored) and group["score"] < 1
    shown = {image["id"]: image for image in group["images"]}
    assert shown[group["centre"]]["score"] == 1 and min(image["score"] for image in shown.values()) == group["score"]
    kept = shown[group["keep"]]
    assert group["why"] in ("pixels", "bytes", "oldest", "path")
    assert kept["width"] * kept["height"] == max(image["width"] * image["height"] for image in shown.values())
    for image in shown.values():
        # Of a file that has just been written, the etag is not kept.
        is_known = image["size_bytes"] is not None
        assert image["ingested_at"] and is_known == (image["modified_at"] is not None)
        assert not is_known or image["size_bytes"] == Path(image["uri"]).stat().st_size


def test_groups_come_in_pages(client: httpx2.Client) -> None:
    asked: dict[str, Any] = {"threshold": 0.5, "filter": f"label={LABELS[0]},{LABELS[4]}"}
    answer = compared(client, **asked)
    assert answer["images"] == 2 * PER_CLASS
    groups, offset = [], 0
    while offset is not None:
        page = client.get(PATH, params={**asked, "limit": 1, "offset": offset}).json()
        groups += page["groups"]
        assert len(page["groups"]) == 1
        offset = page["next"]
    assert groups == answer["groups"] and len({group["key"] for group in groups}) == len(groups) == answer["total"]
    assert client.get(PATH, params={**asked, "offset": 999}).json()["groups"] == []


def test_without_a_comparison_there_is_no_state(client: httpx2.Client) -> None:
    answer = client.get(PATH, params={"threshold": 0.123}).json()
    assert (answer["state"], answer["groups"], answer["total"], answer["next"]) == ("none", [], 0, None)


@pytest.mark.parametrize(
    "asked",
    [
        "threshold=2",
        "threshold=nan",
        "threshold=x",
        "metadata.nothing=1",
        "filter=%3D",
        "k=3",
        "offset=1",
        "exact=maybe",
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused(lance_client: httpx2.Client, asked: str) -> None:
    problem_detail(lance_client.post(f"{PATH}?{asked}"), 400)


@pytest.mark.parametrize("asked", ["limit=0", "limit=101", "offset=-1", "offset=x"])
def test_a_page_that_cannot_be_is_refused(lance_client: httpx2.Client, asked: str) -> None:
    problem_detail(lance_client.get(f"{PATH}?{asked}"), 400)


def test_the_page_of_duplicates_is_served(lance_client: httpx2.Client) -> None:
    answer = lance_client.get("/duplicates")
    assert answer.status_code == 200 and "script-src 'self'" in answer.headers["content-security-policy"]
    assert lance_client.get("/duplicates/", follow_redirects=True).text == answer.text
