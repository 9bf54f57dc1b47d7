"""Stored images and their thumbnails: only images in the index and under the allowed folders."""

import asyncio
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from PIL.ExifTags import Base
from starlette.types import Message

from lookalike.records import ImageRef
from lookalike.settings import Settings
from lookalike_api.admission import Busy, Capacity
from lookalike_api.downloads import PIECE_BYTES, SentImage
from lookalike_api.thumbnails import ThumbnailCache
from tests.api.service import serving
from tests.api.test_bad_input import problem_detail


def test_a_stored_image_is_returned_unchanged(client: httpx2.Client, stored: list[ImageRef]) -> None:
    answer = client.get(f"/images/{stored[0].id}")
    assert answer.content == Path(stored[0].uri).read_bytes()
    assert answer.headers["content-type"] == f"image/{Path(stored[0].uri).suffix[1:].replace('jpg', 'jpeg')}"
    again = client.get(f"/images/{stored[0].id}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"/images/{stored[0].id}", headers={"If-None-Match": "*"}).status_code == 304
    other = client.get(f"/images/{stored[0].id}", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize("size", [32, 256, 1024])
def test_a_thumbnail_has_the_requested_size_and_is_never_enlarged(
    lance_client: httpx2.Client, stored: list[ImageRef], size: int
) -> None:
    answer = lance_client.get(f"/images/{stored[0].id}/thumbnail", params={"size": size})
    with Image.open(BytesIO(answer.content)) as small, Image.open(stored[0].uri) as whole:
        assert small.format == "JPEG" and answer.headers["content-type"] == "image/jpeg"
        assert max(small.size) == min(size, max(whole.size))
        assert small.size[0] / small.size[1] == pytest.approx(whole.size[0] / whole.size[1], rel=0.05)
    tag = answer.headers["etag"]
    again = lance_client.get(f"/images/{stored[0].id}/thumbnail", params={"size": size}, headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["etag"]) == (304, tag)
    assert "max-age" in answer.headers["cache-control"]


@pytest.mark.parametrize("kind", ["", "/thumbnail", "/thumbnail?size=64"])
def test_an_etag_may_be_weak_and_one_of_several(lance_client: httpx2.Client, stored: list[ImageRef], kind: str) -> None:
    path = f"/images/{stored[0].id}{kind}"
    whole = lance_client.get(path)
    tag = whole.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', f'W/"other" ,W/{tag}', "*"):
        for answer in (lance_client.get(path, headers={"If-None-Match": known}), lance_client.head(path)):
            assert answer.content == b"" and answer.headers["ETag"] == tag
            assert answer.headers["Cache-Control"] == whole.headers["Cache-Control"]
        assert lance_client.head(path, headers={"If-None-Match": known}).status_code == 304
    for known in ("", "other", tag.strip('"'), tag[:-2] + '"'):
        assert lance_client.get(path, headers={"If-None-Match": known}).status_code == 200


def test_each_size_of_a_thumbnail_has_an_etag_of_its_own(lance_client: httpx2.Client, stored: list[ImageRef]) -> None:
    paths = [f"/images/{ref.id}/thumbnail?size={size}" for ref in stored[:2] for size in (64, 128)]
    assert len({lance_client.get(path).headers["ETag"] for path in paths}) == len(paths)


@pytest.mark.parametrize("size", ["31", "1025", "x", "-1", "1e9"])
def test_a_size_out_of_range_is_refused(lance_client: httpx2.Client, stored: list[ImageRef], size: str) -> None:
    problem_detail(lance_client.get(f"/images/{stored[0].id}/thumbnail?size={size}"), 400)


def test_a_thumbnail_is_of_the_file_as_it_is_now(lance: Settings, stored: list[ImageRef], tmp_path: Path) -> None:
    path = Path(stored[3].uri)
    with serving(lance) as client:
        first = client.get(f"/images/{stored[3].id}/thumbnail")
        hidden = path.rename(tmp_path / "hidden")
        try:
            sentence = problem_detail(client.get(f"/images/{stored[3].id}"), 404)
            tag = {"If-None-Match": first.headers["ETag"]}
            for headers in ({}, tag):
                problem_detail(client.get(f"/images/{stored[3].id}/thumbnail", headers=headers), 404)
            path.write_bytes(Path(stored[8].uri).read_bytes())
            replaced = client.get(f"/images/{stored[3].id}/thumbnail", headers=tag)
            assert replaced.content == client.get(f"/images/{stored[8].id}/thumbnail").content != first.content
        finally:
            hidden.rename(path)
        assert "not_found" in sentence and str(path.parent) not in sentence
        assert client.get(f"/images/{stored[3].id}/thumbnail").content == first.content


def test_a_thumbnail_tells_nothing_that_is_not_in_its_pixels(
    lance_client: httpx2.Client, stored: list[ImageRef]
) -> None:
    path = Path(stored[5].uri)
    before = path.read_bytes()
    with Image.open(path) as image:
        exif = image.getexif()
        exif[Base.ImageDescription] = "a secret place"
        icc = {"icc_profile": b"a secret profile"}
        image.convert("RGB").save(path, "JPEG", comment="a secret comment", exif=exif, dpi=(7, 7), **icc)
    try:
        assert lance_client.get(f"/images/{stored[5].id}").content.count(b"secret") == 3
        content = lance_client.get(f"/images/{stored[5].id}/thumbnail").content
    finally:
        path.write_bytes(before)
    with Image.open(BytesIO(content)) as small:
        assert b"secret" not in content and not {"comment", "exif", "icc_profile", "dpi"} & set(small.info)


def test_an_image_outside_the_allowed_folders_is_not_shown_whether_it_is_there_or_not(
    lance: Settings, stored: list[ImageRef], tmp_path: Path
) -> None:
    elsewhere = Settings(**{**lance.model_dump(), "roots": (tmp_path,)})
    path = Path(stored[0].uri)
    with serving(elsewhere) as client:
        asked = [f"/images/{stored[0].id}", f"/images/{stored[0].id}/thumbnail"]
        there = [client.get(each).text for each in asked]
        hidden = path.rename(path.with_suffix(".hidden"))
        gone = [client.get(each).text for each in asked]
        hidden.rename(path)
    assert there == gone
    assert all("outside_root" in text and str(tmp_path) not in text for text in there)


def test_a_file_that_is_not_an_image_any_more_is_not_shown(lance: Settings, stored: list[ImageRef]) -> None:
    path = Path(stored[4].uri)
    before = path.read_bytes()
    path.write_text("root:x:0:0:secret")
    try:
        with serving(lance) as client:
            for shown in (f"/images/{stored[4].id}", f"/images/{stored[4].id}/thumbnail"):
                answer = client.get(shown)
                problem_detail(answer, 404)
                assert "secret" not in answer.text
    finally:
        path.write_bytes(before)


def test_the_cache_holds_the_most_recently_used_thumbnails_within_its_bytes() -> None:
    cache = ThumbnailCache(max_bytes=100)
    cache.put("a", bytes(40))
    cache.put("b", bytes(40))
    assert cache.get("a") is not None
    cache.put("c", bytes(40))
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (bytes(40), None, bytes(40))
    cache.put("c", bytes(60))
    assert cache.get("a") is not None and cache.get("c") is not None
    cache.put("too large", bytes(101))
    assert cache.get("too large") is None


def test_images_that_are_being_sent_share_bounded_memory() -> None:
    capacity, data = Capacity(1_000_000), bytes(600_000)

    async def run() -> None:
        going_on, sent = asyncio.Event(), []

        async def send(message: Message) -> None:
            sent.append(message.get("body", b""))
            await going_on.wait()

        slow = asyncio.create_task(image()({}, wait_forever, send))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            image()
        going_on.set()
        await slow
        assert b"".join(sent) == data and max(map(len, sent)) <= PIECE_BYTES
        image()._memory.grow(-len(data))
        going_on.clear()
        gone = asyncio.create_task(image()({}, wait_forever, send))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])

    def image() -> SentImage:
        return SentImage(data, "image/png", {}, capacity)

    async def wait_forever() -> Message:
        raise AssertionError("nothing is received")

    asyncio.run(run())
    assert capacity.free == capacity.total
