"""Archives on web hosts are read by parts, or at once where a host gives none; what cannot be read is said once."""

import gzip
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.errors import ImageRejected
from lookalike.reading import opened, patient
from lookalike.reading.reader import Reader
from lookalike.records import ImageRef, Reason
from lookalike.settings import read_settings
from lookalike_producer.refused import UnlistedFolder
from lookalike_producer.sources import find_images
from testing.archives import write_tar, write_zip
from testing.services.web import Answer, WebServer

RANDOM = random.Random(15)
MEMBERS = {f"cats/{number}.jpg": RANDOM.randbytes(3000) for number in range(40)}
MAX_BYTES = 300_000


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def reader(server: WebServer, tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(read_settings(home=tmp_path, roots=(f"{server.url}/",), max_image_bytes=MAX_BYTES))
    yield reader
    reader.close()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive has several of them."""
    monkeypatch.setattr(opened, "BLOCK_BYTES", 20_000)


@pytest.fixture(scope="module")
def tar(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_tar(tmp_path_factory.mktemp("web") / "a.tar", MEMBERS).read_bytes()


def listed(url: str) -> tuple[dict[str, ImageRef], list[UnlistedFolder]]:
    """The members by name, and the record of what cannot be listed."""
    found = list(find_images([url]))
    records = [ref for ref in found if isinstance(ref, UnlistedFolder)]
    return {ref.uri.partition("#")[2]: ref for ref in found if ref not in records}, records


@pytest.mark.parametrize("knows_ranges", [True, False], ids=["parts", "no parts"])
@pytest.mark.parametrize("name", ["a.tar", "a.zip", "a.tar.gz"])
def test_each_member_is_read(
    name: str, knows_ranges: bool, server: WebServer, reader: Reader, tar: bytes, tmp_path: Path
) -> None:
    data = {"a.tar": tar, "a.zip": write_zip(tmp_path / "a.zip", MEMBERS).read_bytes(), "a.tar.gz": gzip.compress(tar)}
    url = server.put(f"/{name}", Answer(data[name], knows_ranges=knows_ranges))
    found, records = listed(url)
    assert set(found) == set(MEMBERS) and not records
    server.requests.clear()
    for member, ref in found.items():
        fetched = reader.fetch(ref)
        assert fetched.data == MEMBERS[member] and fetched.etag == ref.etag != ""
    by_range = knows_ranges and name != "a.tar.gz"
    # A copy is asked for once, and looked at once a second.
    assert len(server.paths()) == len(MEMBERS) + 1 if by_range else len(server.requests) < len(MEMBERS), server.requests
    assert reader.read(f"{url}#cats/7.jpg") == MEMBERS["cats/7.jpg"]


def test_a_row_of_shards_with_a_gap(server: WebServer, tar: bytes) -> None:
    for number in (0, 2, 3):
        server.put(f"/shard-{number:03}.tar", tar)
    server.put("/shard-003.tar", b"<!doctype html><title>moved</title>" * 30)
    found = list(find_images([f"{server.url}/shard-{{000..003}}.tar"]))
    reasons = {ref.uri[-7:]: ref.reason for ref in found if isinstance(ref, UnlistedFolder)}
    assert reasons == {"001.tar": Reason.NOT_FOUND, "003.tar": Reason.UNSUPPORTED}
    assert len(found) == 2 * len(MEMBERS) + 2


@pytest.mark.parametrize(
    ("content_range", "detail"),
    [("bytes 5-9/10", "another part"), (None, "another part"), ("bytes 0-9/*x", "another part")],
)
def test_a_part_that_is_another_one(server: WebServer, tar: bytes, content_range: str | None, detail: str) -> None:
    found, (record,) = listed(server.put("/a.tar", Answer(tar, extra={"Content-Range": content_range})))
    assert not found and record.reason is Reason.UNREADABLE and detail in record.detail


def test_a_large_archive_of_a_host_that_gives_no_parts_is_refused_soon(
    server: WebServer, reader: Reader, tar: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "MOST_AT_ONCE", len(tar) - 1)
    url = server.put("/a.tar", Answer(tar, knows_ranges=False))
    found, (record,) = listed(url)
    assert record.reason is Reason.TOO_LARGE and "gives no parts of it (Range)" in record.detail
    assert set(found) < set(MEMBERS), "what the first answer held"
    assert len(server.requests) <= 4
    large = server.put("/b.tar", Answer(tar + bytes(MAX_BYTES), knows_ranges=False))
    server.requests.clear()
    for ref in found.values():
        with pytest.raises(ImageRejected) as caught:
            reader.fetch(ImageRef(ref.uri.replace(url, large), span=ref.span))
        if ref.span and ref.span.start:
            assert caught.value.reason is Reason.UNREADABLE and "gives no parts" in caught.value.detail


def test_a_packed_tar_that_a_server_calls_packed(server: WebServer, reader: Reader, tar: bytes) -> None:
    answer = Answer(gzip.compress(tar), extra={"Content-Encoding": "x-gzip"})
    found, records = listed(server.put("/a.tar.gz", answer))
    assert set(found) == set(MEMBERS) and not records
    assert reader.fetch(found["cats/3.jpg"]).data == MEMBERS["cats/3.jpg"]
    found, (record,) = listed(server.put("/a.tar", answer))
    assert not found and "packs" in record.detail


def test_an_archive_that_changes_while_it_is_listed(server: WebServer, reader: Reader, tar: bytes) -> None:
    # The first look, and what is read at once: then another one lies there.
    answers = [*[Answer(tar)] * 5, Answer(tar[:3100] + b"x" + tar[3101:])]

    async def changing(request, writer):  # type: ignore[no-untyped-def]
        import testing.services.web as web

        await web._send(answers.pop(0) if len(answers) > 1 else answers[0], request, writer)

    found, (record,) = listed(server.put("/a.tar", changing))
    assert record.reason is Reason.CHANGED and 0 < len(found) < len(MEMBERS)
    # Their places are those of the new one, with its etag.
    fetched = reader.fetch(found["cats/1.jpg"])
    assert fetched.data == MEMBERS["cats/1.jpg"] and fetched.etag != found["cats/1.jpg"].etag


def test_an_archive_that_is_replaced_before_its_members_are_read(
    server: WebServer, reader: Reader, tar: bytes, tmp_path: Path
) -> None:
    url = server.put("/a.tar", tar)
    found, _ = listed(url)
    others = {"new.jpg": b"new", **dict(list(MEMBERS.items())[5:])}
    server.put("/a.tar", write_tar(tmp_path / "b.tar", others).read_bytes())
    outcomes: dict[str, bytes | Reason] = {}
    for name, ref in found.items():
        try:
            outcomes[name] = reader.fetch(ref).data
        except ImageRejected as rejected:
            outcomes[name] = rejected.reason
    assert outcomes == {name: others.get(name, Reason.NOT_FOUND) for name in MEMBERS}
    for answer, reason in ((Answer(b"<!doctype html>" * 99), "its archive: an HTML page"), (tar[:1000], "is cut off")):
        server.put("/a.tar", answer)
        with pytest.raises(ImageRejected, match=reason) as caught:
            reader.fetch(found["cats/9.jpg"])
        assert caught.value.reason is Reason.UNREADABLE, "its document must stay"


@pytest.mark.parametrize("extra", [{"ETag": None}, {"ETag": None, "Last-Modified": None}, {"ETag": 'W/"1"'}])
def test_a_host_that_says_less_of_an_archive(
    extra: dict[str, str | None], server: WebServer, reader: Reader, tar: bytes
) -> None:
    found, records = listed(server.put("/a.tar", Answer(tar, extra=extra)))
    assert set(found) == set(MEMBERS) and not records
    for name, ref in found.items():
        fetched = reader.fetch(ref)
        assert fetched.data == MEMBERS[name] and fetched.etag == ref.etag


def test_a_member_may_be_as_large_as_an_image(server: WebServer, reader: Reader, tmp_path: Path) -> None:
    members = {"a.jpg": b"a" * MAX_BYTES, "b.jpg": b"b" * (MAX_BYTES + 1)}
    found, _ = listed(server.put("/a.tar", write_tar(tmp_path / "a.tar", members).read_bytes()))
    assert reader.fetch(found["a.jpg"]).data == members["a.jpg"]
    with pytest.raises(ImageRejected, match="too_large"):
        reader.fetch(found["b.jpg"])


def test_shards_that_a_host_does_not_give_wait_once(
    server: WebServer, tar: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "PATIENCE_S", 2.0)
    monkeypatch.setattr(patient, "SHORT_PATIENCE_S", 0.0)
    for number in range(12):
        server.put(f"/{number:02}.tar", tar if number == 11 else Answer(status=503))
    began = time.monotonic()
    found = list(find_images([f"{server.url}/{{00..11}}.tar"]))
    assert 2 < time.monotonic() - began < 20, "each of them has waited"
    records = [ref for ref in found if isinstance(ref, UnlistedFolder)]
    assert [ref.reason for ref in records] == [Reason.HOST_UNAVAILABLE] * 11 and "503" in records[0].detail
    assert len(found) == 11 + len(MEMBERS), "what it gives is found"
