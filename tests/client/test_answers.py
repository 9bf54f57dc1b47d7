"""The client reads what a real service answers."""

from pathlib import Path

import pytest

from lookalike.client import Client, Ready, ReadyIndex
from lookalike.errors import (
    ImageRejected,
    RequestRejected,
)
from lookalike.images import decode
from lookalike.queries.examples import Example, Stored, Upload
from lookalike.records import ImageRef, Reason
from lookalike.settings import Settings
from tests.browser.stage import LABELS


def test_a_search_takes_bytes_and_files(client: Client, stored: list[ImageRef]) -> None:
    path = Path(stored[3].uri)
    found = client.search(path, k=3)
    best = found.matches[0]
    assert (best.id, best.uri, best.name) == (stored[3].id, stored[3].uri, stored[3].label)
    assert best.score == pytest.approx(1, abs=1e-3) and best.metadata["folder"] == stored[3].label
    assert (type(best.metadata["number"]), type(best.metadata["is_even"])) == (int, bool)
    assert best.metadata["tags"] == ["all", f"t{int(str(best.metadata['number'])) % 3}"]
    assert client.search(path.read_bytes(), k=3).matches == found.matches
    took_ms = found.took_ms
    assert 0 < took_ms.decode + took_ms.embed + took_ms.search <= took_ms.total


def test_a_search_takes_the_id_or_uri_of_a_stored_image(client: Client, stored: list[ImageRef]) -> None:
    ref = stored[5]
    near = client.search(id=ref.id, k=4).matches
    assert len(near) == 4 and ref.id not in {match.id for match in near}
    assert client.search(uri=ref.uri, k=4).matches == near
    assert [match.id for match in client.search(id=ref.id, include_self=True, k=1).matches] == [ref.id]


def test_the_options_of_a_search_reach_the_service(client: Client, query: bytes) -> None:
    everything = client.search(query, k=24).matches
    assert client.search(query, k=2, offset=1).matches == everything[1:3]
    limit = everything[3].score - 1e-4
    some = client.search(query, k=24, min_score=limit).matches
    assert some == tuple(match for match in everything if match.score >= limit) and 4 <= len(some) < 24
    for key in ("label", "name"):
        filters = {key: LABELS[2], "metadata.folder": LABELS[2]}
        assert {match.name for match in client.search(query, filters=filters).matches} == {LABELS[2]}
    with pytest.raises(RequestRejected, match="no metadata field 'no & k=1'") as error:
        client.search(query, filters={"metadata.no & k=1": "?x#"})
    assert error.value.status == 400


def test_cursors_lead_through_all_pages(client: Client, query: bytes, stored: list[ImageRef]) -> None:
    examples: list[Example] = [Upload(query), Stored(stored[0].id, -0.5)]
    whole = client.search_like(examples, k=24).matches
    cursor: str | None = "*"
    found: list[str] = []
    while cursor is not None:
        page = client.search_like(examples, k=10, cursor=cursor)
        found += [match.id for match in page.matches]
        cursor = page.cursor
    assert sorted(found) == sorted(match.id for match in whole)
    assert client.search(query, k=3, cursor="*").cursor and client.search(id=stored[0].id, k=3, cursor="*").cursor


def test_several_images_are_searched_for_in_one_request(client: Client, stored: list[ImageRef]) -> None:
    first, second = Path(stored[0].uri), Path(stored[9].uri)
    found = client.search_each([first, b"no image", second], k=1)
    one, rejected, other = found.results
    assert isinstance(rejected, ImageRejected) and rejected.reason is Reason.UNSUPPORTED
    assert isinstance(one, tuple) and isinstance(other, tuple)
    assert [match.id for match in (*one, *other)] == [stored[0].id, stored[9].id]
    both = client.search_mean([first, second], k=2).matches
    assert {match.id for match in both} == {stored[0].id, stored[9].id}


def test_stored_images_and_thumbnails_are_fetched(client: Client, stored: list[ImageRef], lance: Settings) -> None:
    assert client.image(stored[0].id) == Path(stored[0].uri).read_bytes()
    small = decode(client.thumbnail(stored[0].id, 64), max_pixels=lance.max_image_pixels)
    assert max(small.width, small.height) == 64


def test_labels_info_and_readiness_are_read(client: Client, stored: list[ImageRef]) -> None:
    assert [(label.name, label.documents) for label in client.labels()] == [(name, 4) for name in sorted(LABELS)]
    info, ready = client.info(), client.ready()
    assert (info.index, info.model, info.documents) == ("images", "efficientnet-lite0", len(stored))
    assert ready == Ready(ReadyIndex("images", len(stored)), ready.model, "ready")


def test_jobs_and_their_rejected_images_are_read(client: Client) -> None:
    # Other modules share the broker. Of several jobs that saw the image, the last one has its record.
    pages = ((job, client.failed(job.id)) for job in client.jobs(limit=100) if job.rejected)
    job, page = next((job, page) for job, page in pages if page.total)
    assert (job.state, job.indexed, job.rejected, job.reasons) == ("finished", 24, 1, {"unsupported": 1})
    assert client.job(job.id) == job
    assert page.total == 1
    assert [(Path(one.uri).name, one.reason) for one in page.failed] == [("text.jpg", Reason.UNSUPPORTED)]
    assert client.failed(job.id, offset=1).failed == ()
