"""The map over HTTP: its points, the ids of these, and what a selection is, on both indexes."""

import gzip
import json
import struct
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from lookalike.errors import BadFilter, MapMissing
from lookalike.index import open_index, open_versions
from lookalike.index.lancedb import map_file
from lookalike.index.lancedb.folder import folder_of
from lookalike.mapping.keeping import keep_map
from lookalike.mapping.kept import read_map
from lookalike.mapping.making import make_map
from lookalike.mapping.record import encode
from lookalike.records import ImageRef, document_id
from lookalike.settings import Settings
from lookalike_api.map_colours import GONE, NONE, OTHER, coded
from lookalike_api.map_points import FRESH_S, MapPoints
from tests.api.test_bad_input import problem_detail
from tests.browser.stage import LABELS, PER_CLASS
from tests.index.contract.test_versions import OTHER as OTHER_MODEL
from tests.index.contract.test_versions import fill
from tests.index.documents import COSINE, document, unit, write


@dataclass(frozen=True)
class Points:
    """What the bytes of an answer hold."""

    head: dict[str, Any]
    places: Any
    codes: Any
    clusters: Any


def parsed(data: bytes) -> Points:
    (length,) = struct.unpack_from("<I", data)
    head = json.loads(data[4 : 4 + length])
    count, start = head["points"], 4 + length
    places = np.frombuffer(data, "<f4", 2 * count, start).reshape(-1, 2)
    codes = np.frombuffer(data, "<u2", count, start + 8 * count)
    clusters = np.frombuffer(data, "<u2", count, start + 10 * count)
    assert len(data) == start + 12 * count and start % 4 == 0
    return Points(head, places, codes, clusters)


@pytest.fixture(scope="module")
def mapped(settings: Settings, client: httpx2.Client) -> httpx2.Client:
    """The client of a service on each index, which has a map."""
    assert keep_map(settings).images == len(LABELS) * PER_CLASS
    return client


def test_the_map_has_every_image_with_the_code_of_its_label(mapped: httpx2.Client, stored: list[ImageRef]) -> None:
    answer = mapped.get("/map/points", headers={"Accept-Encoding": "identity"})
    points = parsed(answer.content)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (points.head["images"], points.head["new"], points.head["field"]) == (len(stored), 0, "label")
    ids = mapped.get("/map/ids")
    assert ids.headers["etag"] == f'"{points.head["ids"]}"'
    texts = [ids.content[start : start + 20].hex() for start in range(0, len(ids.content), 20)]
    labels = [points.head["values"][code]["value"] for code in points.codes]
    assert dict(zip(texts, labels, strict=True)) == {ref.id: ref.label for ref in stored}
    assert {value["documents"] for value in points.head["values"]} == {PER_CLASS}
    assert points.places.min() >= 0 and points.places.max() <= 1
    for cluster in points.head["clusters"]:
        assert cluster["images"] == (points.clusters == cluster["number"]).sum()
        counts = Counter(label for label, of in zip(labels, points.clusters, strict=True) if of == cluster["number"])
        assert cluster["values"][0]["documents"] == counts.most_common(1)[0][1]


def test_the_points_have_the_colours_of_another_field(mapped: httpx2.Client, stored: list[ImageRef]) -> None:
    even = parsed(mapped.get("/map/points?field=is_even").content)
    assert even.head["values"] == [{"value": False, "documents": 12}, {"value": True, "documents": 12}]
    number = parsed(mapped.get("/map/points?field=metadata.number").content)
    assert number.head["is_ordered"] and len(number.head["values"]) == 8
    assert sum(value["documents"] for value in number.head["values"]) == len(stored)
    assert "no metadata field" in problem_detail(mapped.get("/map/points?field=nothing"), 400)
    problem_detail(mapped.get("/map/points", params={"field": "x" * 101}), 400)


def test_what_has_not_changed_is_not_sent_again(mapped: httpx2.Client) -> None:
    for path in ("/map/points", "/map/ids"):
        plain = mapped.get(path, headers={"Accept-Encoding": "identity"})
        again = mapped.get(path, headers={"Accept-Encoding": "identity", "If-None-Match": plain.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"") and again.headers["etag"] == plain.headers["etag"]
        assert mapped.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_points_are_compressed_for_who_takes_it(mapped: httpx2.Client) -> None:
    plain = mapped.get("/map/points", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in plain.headers and "Accept-Encoding" in plain.headers["vary"]
    with mapped.stream("GET", "/map/points", headers={"Accept-Encoding": "br, gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip" and gzip.decompress(packed) == plain.content
    assert answer.headers["etag"] != plain.headers["etag"]


def test_a_selection_is_listed_with_uris_and_labels(mapped: httpx2.Client, stored: list[ImageRef]) -> None:
    asked = [ref.id for ref in stored[5:0:-1]]
    answer = mapped.post("/map/list", json={"ids": [*asked, "0" * 40]})
    expected = [{"id": ref.id, "uri": ref.uri, "name": ref.label} for ref in stored[5:0:-1]]
    assert answer.json() == {"images": expected}
    assert mapped.post("/map/list", json={"ids": []}).json() == {"images": []}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"ids": ["x"]}', 400),
        (b'{"ids": "0"}', 400),
        (b'{"ids": [], "more": 1}', 400),
        (json.dumps({"ids": ["0" * 40] * 100_001}).encode(), 400),
    ],
)
def test_what_is_no_list_of_ids_is_refused(lance_client: httpx2.Client, body: bytes, status: int) -> None:
    json_type = {"Content-Type": "application/json"}
    problem_detail(lance_client.post("/map/list", content=body, headers=json_type), status)
    text = {"Content-Type": "text/plain"}
    problem_detail(lance_client.post("/map/list", content=body, headers=text), 415)


def test_an_index_without_a_map_says_how_to_make_one(lance: Settings, lance_client: httpx2.Client) -> None:
    map_file.delete(folder_of(lance.index_location), "images-v1")
    for path in ("/map/points", "/map/ids"):
        said = problem_detail(lance_client.get(path), 404)
        assert "images-v1 has no map yet" in said and "lookalike map" in said
    keep_map(lance)
    assert lance_client.get("/map/points").status_code == 200


def test_the_page_of_the_map_may_be_opened_by_anybody(lance_client: httpx2.Client) -> None:
    page = lance_client.get("/map")
    assert page.status_code == 200 and "script-src 'self'" in page.headers["content-security-policy"]


def test_images_that_come_and_go_and_their_labels_are_told(tmp_path: Path) -> None:
    now = [0.0]
    with closing(open_index(f"lancedb://{tmp_path}", "images")) as index:
        index.ensure(COSINE)
        write(index, [document(f"/{number}.jpg", unit(number), name="a") for number in range(20)])
        index.write_map(encode(make_map(index)))
        points = MapPoints(index, clock=lambda: now[0])
        before = parsed(points.points("label").data)
        assert (before.head["images"], before.head["new"], set(before.codes)) == (20, 0, {0})
        index.delete([document_id("/3.jpg")])
        write(index, [document("/4.jpg", unit(4)), document("/new.jpg", unit(20), name="b")])
        assert parsed(points.points("label").data).head == before.head
        now[0] = FRESH_S
        after = parsed(points.points("label").data)
        assert (after.head["images"], after.head["new"]) == (19, 1)
        codes = dict(zip(read_ids(points), after.codes.tolist(), strict=True))
        assert codes.pop(document_id("/3.jpg")) == GONE and codes.pop(document_id("/4.jpg")) == NONE
        assert set(codes.values()) == {0} and after.head["values"] == [{"value": "a", "documents": 18}]
        np.testing.assert_array_equal(after.places, before.places)
        with pytest.raises(BadFilter):
            points.points("other")


def test_the_map_is_that_of_the_version_that_the_name_points_to(tmp_path: Path) -> None:
    url = f"lancedb://{tmp_path}"
    with closing(open_index(url, "images")) as index, closing(open_versions(url, "images")) as versions:
        index.ensure(COSINE)
        write(index, [document(f"/{number}.jpg", unit(number)) for number in range(20)])
        index.write_map(encode(make_map(index)))
        points = MapPoints(index)
        assert parsed(points.points("label").data).head["version"] == "images-v1"
        second = versions.create(OTHER_MODEL)
        fill(url, second, OTHER_MODEL, 10)
        versions.move(second)
        with pytest.raises(MapMissing, match="images-v2 has no map yet"):
            points.points("label")
        index.write_map(encode(make_map(index)))
        assert parsed(points.points("label").data).head["points"] == 10
        versions.move("images-v1")
        assert parsed(points.points("label").data).head["points"] == len(read_ids(points)) == 20


def test_a_map_of_another_model_is_none(tmp_path: Path) -> None:
    with closing(open_index(f"lancedb://{tmp_path}", "images")) as index:
        index.ensure(OTHER_MODEL)
        fill(f"lancedb://{tmp_path}", "images-v1", OTHER_MODEL, 10)
        made = encode(make_map(index))
        index.drop()
        index.ensure(COSINE)
        index.write_map(made)
        assert read_map(index) is None
        with pytest.raises(MapMissing):
            MapPoints(index).points("label")


def read_ids(points: MapPoints) -> list[str]:
    text = points.ids().data.hex()
    return [text[start : start + 40] for start in range(0, len(text), 40)]


def test_few_values_have_codes_of_their_own_the_most_frequent_first() -> None:
    found = coded(["b", "a", "b", None], is_ordered=False)
    assert found.codes.tolist() == [0, 1, 0, NONE] and found.values == [("b", 2), ("a", 1)]
    many = coded([str(number) for number in range(300)] + ["0"], is_ordered=False)
    assert len(many.values) == 256 and many.codes[0] == many.codes[-1] == 0 and (many.codes == OTHER).sum() == 44


def test_many_numbers_become_ranges_of_about_as_many_images() -> None:
    found = coded([*range(800), None, *[5] * 7], is_ordered=True)
    assert [count for _, count in found.values] == [100, *[101] * 7] and found.codes[800] == NONE
    assert found.values[0][0] == "0 \u2013 92"
    assert np.array_equal(np.sort(found.codes[:800]), found.codes[:800])
    skewed = coded([1] * 100 + list(range(20)), is_ordered=True)
    assert skewed.is_ordered and skewed.values == [("0", 1), ("1 \u2013 4", 104), ("5 \u2013 19", 15)]
    few = coded([3.5, 1.0, None], is_ordered=True)
    assert few.values == [(1.0, 1), (3.5, 1)] and few.codes.tolist() == [1, 0, NONE]
    dates = coded([f"2020-01-{day:02}T00:00:00.000Z" for day in range(1, 17)], is_ordered=True)
    assert dates.values[0] == ("2020-01-01 \u2013 2020-01-02", 2)
