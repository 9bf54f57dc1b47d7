"""Searches by an image, by a stored image and by several images, on both indexes."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import httpx2
import pytest

from lookalike.records import ImageRef
from tests.browser.stage import LABELS

UNKNOWN = "0" * 40


def found(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    matches: list[dict[str, Any]] = answer.json()["matches"]
    return matches


def ids(answer: httpx2.Response) -> list[str]:
    return [match["id"] for match in found(answer)]


def test_a_stored_image_finds_itself_first(client: httpx2.Client, stored: list[ImageRef]) -> None:
    for ref in stored[::7]:
        best = found(client.post("/search?k=3", content=Path(ref.uri).read_bytes()))[0]
        assert (best["id"], best["uri"], best["name"]) == (ref.id, ref.uri, ref.label)
        assert best["score"] == pytest.approx(1, abs=1e-3)
        assert best["metadata"]["folder"] == ref.label


def test_concurrent_searches_each_get_their_own_results(client: httpx2.Client, stored: list[ImageRef]) -> None:
    def best(ref: ImageRef) -> str:
        return ids(client.post("/search?k=1", content=Path(ref.uri).read_bytes()))[0]

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(best, stored * 2)) == [ref.id for ref in stored * 2]


def test_a_form_and_a_raw_body_are_the_same_search(lance_client: httpx2.Client, query: bytes) -> None:
    raw = lance_client.post("/search", content=query, headers={"Content-Type": "image/jpeg"})
    form = lance_client.post("/search", files={"note": ("", b"a note"), "image": ("a.jpg", query)})
    assert ids(raw) == ids(form) and len(ids(raw)) == 10


@pytest.mark.parametrize("preamble", [b"", b"\r\n", b"A preamble --b\r\n", b"x" * 60_000 + b"\r\n"])
def test_text_before_the_first_part_of_a_form_is_skipped(
    lance_client: httpx2.Client, query: bytes, preamble: bytes
) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n' + query + b"\r\n--b--\r\nand after it"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    # In pieces, so that the boundary arrives in two of them.
    pieces = (preamble + form[:2], form[2:7], form[7:])
    assert len(ids(lance_client.post("/search", content=iter(pieces), headers=headers))) == 10


def test_the_time_of_each_stage_is_reported(client: httpx2.Client, query: bytes, stored: list[ImageRef]) -> None:
    took_ms = client.post("/search", content=query).json()["took_ms"]
    stages = [took_ms[stage] for stage in ("decode", "embed", "search")]
    assert all(took > 0 for took in stages) and sum(stages) <= took_ms["total"]
    took_ms = client.get("/search", params={"id": stored[0].id}).json()["took_ms"]
    assert took_ms["decode"] == took_ms["embed"] == 0 < took_ms["search"] <= took_ms["total"]


def test_pages_continue_one_another(client: httpx2.Client, query: bytes, stored: list[ImageRef]) -> None:
    whole = ids(client.post("/search?k=24", content=query))
    pages = [ids(client.post(f"/search?k=10&offset={offset}", content=query)) for offset in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, len(stored) - 20, 0]
    assert list(chain.from_iterable(pages)) == whole


def test_matches_below_the_minimum_score_are_left_out(client: httpx2.Client, query: bytes) -> None:
    scores = [match["score"] for match in found(client.post("/search?k=24", content=query))]
    some = found(client.post(f"/search?k=24&min_score={scores[4] - 1e-4}", content=query))
    assert [match["score"] for match in some] == pytest.approx([score for score in scores if score >= scores[4] - 1e-4])
    assert 5 <= len(some) < 24
    assert found(client.post("/search?min_score=1", content=query)) == []


def test_an_exact_search_is_one_parameter(client: httpx2.Client, query: bytes, stored: list[ImageRef]) -> None:
    whole = ids(client.post("/search?k=24", content=query))
    assert ids(client.post("/search?k=24&exact=true", content=query)) == whole
    asked = f"/search?id={stored[0].id}&k=24"
    assert ids(client.get(f"{asked}&exact=true")) == ids(client.get(asked))


@pytest.mark.parametrize("filter", ["label", "name", "metadata.folder"])
def test_a_search_is_filtered_by_label_and_by_metadata(client: httpx2.Client, query: bytes, filter: str) -> None:
    matches = found(client.post("/search?k=24", params={filter: LABELS[2], "k": 24}, content=query))
    assert {match["name"] for match in matches} == {LABELS[2]} and len(matches) == 4
    assert found(client.post("/search", params={filter: LABELS[2], "metadata.folder": "x"}, content=query)) == []


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ("metadata.number.min=5&metadata.number.max=7", {5, 6, 7}),
        ("metadata.number.above=5&metadata.number.below=7", {6}),
        ("metadata.number=5&metadata.number=7", {5, 7}),
        ("metadata.tags=t1&metadata.tags=t2&metadata.number.max=5", {1, 2, 4, 5}),
        ("metadata.tags.not=t0&metadata.number.max=3&metadata.is_even=false", {1}),
        ("filter=tags=t1&filter=tags=all&filter=number<5", {1, 4}),
        ("metadata.number.exists=false", set()),
        ("label.exists=true&metadata.number=0", {0}),
    ],
)
def test_every_operator_can_be_a_parameter_and_answers_have_types(
    client: httpx2.Client, query: bytes, parameters: str, wanted: set[int]
) -> None:
    matches = found(client.post(f"/search?k=24&{parameters}", content=query))
    # One of the numbers is that of a file that is no picture.
    every = {match["metadata"]["number"] for match in found(client.post("/search?k=24", content=query))}
    assert {match["metadata"]["number"] for match in matches} == wanted & every
    assert len(wanted - every) <= 1
    for match in matches:
        assert match["metadata"]["is_even"] is (match["metadata"]["number"] % 2 == 0)
        assert match["metadata"]["tags"] == ["all", f"t{match['metadata']['number'] % 3}"]


def test_fields_and_their_values_are_listed(client: httpx2.Client) -> None:
    types = {"folder": "keyword", "is_even": "boolean", "number": "integer", "tags": "keyword[]"}
    fields = [{"name": name, "type": types[name]} for name in sorted(types)]
    assert client.get("/fields").json() == {"fields": fields, "taken": 0}
    tags = client.get("/facets/tags?limit=2").json()
    assert [item["value"] for item in tags["values"]] == ["all", "t0"] and tags["values"][0]["documents"] == 24
    assert (tags["type"], tags["least"], tags["greatest"]) == ("keyword[]", None, None)
    numbers = client.get("/facets/number", params={"label": LABELS[1], "limit": 1}).json()
    assert numbers["greatest"] - numbers["least"] in (3, 4) and len(numbers["values"]) == 1
    assert client.get("/facets/label", params={"label": LABELS[1]}).json()["values"] == [
        {"value": LABELS[1], "documents": 4}
    ]
    assert client.get("/facets/is_even").json()["values"][0]["value"] in (True, False)
    answer = client.get("/facets/nubmer")
    assert answer.status_code == 400 and "Did you mean number?" in answer.json()["detail"]


@pytest.mark.parametrize("value", ["' OR '1'='1", "x' OR name IS NOT NULL --", "*", "\\", '"', "a\x00b", "日本語 🐈"])
@pytest.mark.parametrize("key", ["label", "metadata.folder"])
def test_a_filter_value_is_never_interpreted_as_a_query(
    client: httpx2.Client, stored: list[ImageRef], key: str, value: str
) -> None:
    assert found(client.get("/search", params={"id": stored[0].id, key: value})) == []


@pytest.mark.parametrize("key", ["it's", "']) OR true --", "", "name' = 'x", "\u202efolder", "x" * 500])
def test_a_field_that_the_index_does_not_have_is_named_with_those_that_it_has(
    client: httpx2.Client, stored: list[ImageRef], key: str
) -> None:
    answer = client.get("/search", params={"id": stored[0].id, f"metadata.{key}": "x"})
    assert answer.status_code == 400
    detail = answer.json()["detail"]
    assert "folder" in detail or not key
    assert "\u202e" not in detail and len(detail) < 400


def test_a_stored_image_is_not_its_own_neighbour(client: httpx2.Client, stored: list[ImageRef]) -> None:
    near = ids(client.get("/search", params={"id": stored[5].id, "k": 5}))
    assert len(near) == 5 and stored[5].id not in near
    assert ids(client.get("/search", params={"uri": stored[5].uri, "k": 5})) == near
    with_itself = ids(client.get("/search", params={"id": stored[5].id, "k": 6, "include_self": "true"}))
    assert with_itself == [stored[5].id, *near]
    assert ids(client.get("/search", params={"id": stored[5].id, "k": 3, "offset": 2})) == near[2:]


@pytest.mark.parametrize("id", [UNKNOWN, "unknown", "' OR '1'='1", "../../etc/passwd", "*", "", "\x00"])
def test_an_image_that_is_not_stored_is_not_found(client: httpx2.Client, id: str) -> None:
    answer = client.get("/search", params={"id": id})
    assert answer.status_code == 404
    assert "does not contain image" in answer.json()["detail"]


def test_each_image_of_a_batch_is_searched_for(client: httpx2.Client, stored: list[ImageRef]) -> None:
    files = [("image", ("a.jpg", Path(ref.uri).read_bytes())) for ref in stored[:3]]
    files.insert(1, ("image", ("b.jpg", b"no image")))
    answer = client.post("/search/batch?k=2", files=files)
    assert answer.status_code == 200, answer.text
    answers = answer.json()["answers"]
    assert [each["matches"][0]["id"] for each in answers if "matches" in each] == [ref.id for ref in stored[:3]]
    unknown = client.post("/search/batch", params={"filter": "unknown=1"}, files=files)
    assert unknown.status_code == 400 and "unknown" in unknown.json()["detail"]
    error = answers[1]["error"]
    assert (error["status"], error["reason"], error["rejection"]["reason"]) == (422, "unsupported", "unsupported")


def test_the_mean_of_one_image_twice_finds_what_the_image_finds(client: httpx2.Client, query: bytes) -> None:
    one = found(client.post("/search", content=query))
    twice = [("image", ("a.jpg", query))] * 2
    assert ids(client.post("/search/batch?mode=mean", files=twice)) == [match["id"] for match in one]


def test_the_mean_of_two_images_finds_both(client: httpx2.Client, stored: list[ImageRef]) -> None:
    pair = [stored[0], stored[9]]
    files = [("image", ("a.jpg", Path(ref.uri).read_bytes())) for ref in pair]
    best = found(client.post("/search/batch?mode=mean&k=2", files=files))
    assert {match["id"] for match in best} == {ref.id for ref in pair}
    assert best[0]["score"] == pytest.approx(best[1]["score"], abs=1e-3) and best[0]["score"] < 0.99


def test_a_mean_with_a_bad_image_is_refused_and_names_it(lance_client: httpx2.Client, query: bytes) -> None:
    files = [("image", ("a.jpg", query)), ("image", ("b.jpg", b"no image"))]
    files += [("image", ("c.jpg", query))]
    answer = lance_client.post("/search/batch?mode=mean", files=files)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("The image is rejected as unsupported: image 2 of 3: a text")
    assert answer.json()["rejection"]["detail"].startswith("image 2 of 3: ")


def test_the_labels_are_counted(client: httpx2.Client) -> None:
    labels = client.get("/labels").json()["labels"]
    assert labels == [{"name": name, "documents": 4} for name in sorted(LABELS)]


def test_info_names_the_model_and_counts_the_documents(client: httpx2.Client, stored: list[ImageRef]) -> None:
    info = client.get("/info").json()
    assert (info["model"], info["documents"]) == ("efficientnet-lite0", len(stored))
