"""What an honest server gives: bytes, parts of them, and the state of an image."""

import asyncio
import gzip
import zlib
from pathlib import Path

import pytest

from lookalike.errors import ImageRejected
from lookalike.reading.contract import MAX_AROUND, NoParts, State
from lookalike.reading.web.connections import MOST_IDLE_HOSTS
from lookalike.records import Reason, Span
from testing.services.web import Answer, WebServer
from tests.reading.web.conftest import MAX_BYTES, Client
from tests.reading.web.hostile import packed, without_length

JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 500


def test_bytes_with_the_tag_of_the_server(server: WebServer, client: Client) -> None:
    fetched = client.fetch(server.put("/a.jpg", JPEG))
    assert fetched.data == JPEG and fetched.etag == client.look(server.url + "/a.jpg").etag
    assert fetched.etag.startswith('"') and client.look(server.url + "/a.jpg").size_bytes == len(JPEG)


@pytest.mark.parametrize(
    ("extra", "state"),
    [
        ({"ETag": '"strong"'}, State('"strong"', len(JPEG))),
        ({"ETag": 'W/"weak"'}, State('W/"weak"', len(JPEG))),
        ({"ETag": None}, State(f'W/"Tue, 14 Nov 2023 22:13:20 GMT {len(JPEG)}"', len(JPEG))),
        ({"ETag": None, "Last-Modified": None}, State("", len(JPEG))),
    ],
)
def test_the_state_is_what_the_server_says(
    server: WebServer, client: Client, extra: dict[str, str | None], state: State
) -> None:
    url = server.put("/state.jpg", Answer(JPEG, extra=extra))
    assert client.look(url) == state
    assert client.fetch(url).etag == state.etag


@pytest.mark.parametrize("status", [400, 403, 405, 406, 501])
@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_server_without_head_is_asked_for_one_byte(
    server: WebServer, client: Client, status: int, knows_ranges: bool
) -> None:
    found = Answer(JPEG, knows_ranges=knows_ranges)

    async def answer(request, writer):  # type: ignore[no-untyped-def]
        import testing.services.web as web

        await web._send(Answer(status=status) if request.method == "HEAD" else found, request, writer)

    state = client.look(server.put("/headless.jpg", answer))
    assert state.size_bytes == len(JPEG) and state.etag


def test_an_empty_file_of_a_server_without_head(server: WebServer, client: Client) -> None:
    async def answer(request, writer):  # type: ignore[no-untyped-def]
        import testing.services.web as web

        await web._send(Answer(status=405) if request.method == "HEAD" else Answer(b""), request, writer)

    assert client.look(server.put("/headless", answer)).size_bytes == 0


def test_a_part(server: WebServer, client: Client) -> None:
    url = server.put("/shard.tar", JPEG)
    assert client.fetch(url, Span(70_000, 1000)).data == JPEG[70_000:71_000]
    assert client.fetch(url, Span(0, 1)).data == JPEG[:1]
    assert client.fetch(url, Span(len(JPEG) - 10, 100)).data == JPEG[-10:]


def test_a_part_that_is_too_large_or_of_a_host_that_gives_none(server: WebServer, client: Client) -> None:
    url = server.put("/shard.tar", Answer(JPEG, knows_ranges=False))
    assert client.fetch(url, Span(0, MAX_BYTES + MAX_AROUND)).data == JPEG, "a member has headers around it"
    with pytest.raises(ImageRejected) as rejected:
        client.fetch(url, Span(0, MAX_BYTES + MAX_AROUND + 1))
    assert rejected.value.reason is Reason.TOO_LARGE
    with pytest.raises(NoParts):
        client.fetch(url, Span(1, 10))


@pytest.mark.parametrize(
    ("range", "reason"), [(None, "unreadable"), ("bytes 1-10/500", "unreadable"), ("x", "unreadable")]
)
def test_another_part_than_was_asked_for(server: WebServer, client: Client, range: str | None, reason: str) -> None:
    url = server.put("/odd.tar", Answer(JPEG, 206, extra={"Content-Range": range}))
    with pytest.raises(ImageRejected, match=reason):
        client.fetch(url, Span(0, 10))


def test_an_archive_that_became_shorter(server: WebServer, client: Client) -> None:
    with pytest.raises(ImageRejected) as rejected:
        client.fetch(server.put("/short.tar", JPEG), Span(10**9, 10))
    assert rejected.value.reason is Reason.CHANGED


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(JPEG)),
        ("X-GZIP", gzip.compress(JPEG)),
        ("deflate", zlib.compress(JPEG)),
        ("identity", JPEG),
    ],
)
def test_what_is_packed_although_nobody_asked_is_unpacked(
    server: WebServer, client: Client, encoding: str, body: bytes
) -> None:
    assert client.fetch(server.put("/packed.jpg", packed(encoding, body))).data == JPEG


def test_a_body_without_length(server: WebServer, client: Client) -> None:
    assert client.fetch(server.put("/no-length.jpg", without_length(JPEG))).data == JPEG


def test_connections_are_used_again(server: WebServer, client: Client) -> None:
    urls = [server.put(f"/{number}.jpg", JPEG) for number in range(20)]
    before = server.connections

    async def fetch_all(place):  # type: ignore[no-untyped-def]
        for url in urls:
            await place.fetch(url)
        await asyncio.gather(*(place.fetch(url) for url in urls))

    client.used(fetch_all)
    assert 1 < server.connections - before <= 20


def test_what_a_server_learns(server: WebServer, client: Client) -> None:
    url = server.put("/who.jpg", Answer(JPEG, extra={"Set-Cookie": "seen=1"}))

    async def fetch_twice(place):  # type: ignore[no-untyped-def]
        await place.fetch(url)
        await place.fetch(url)

    client.used(fetch_twice)
    headers = server.requests[-1].headers
    assert headers["user-agent"].startswith("lookalike/") and headers["accept-encoding"] == "identity"
    assert not {"cookie", "referer", "authorization"} & set(headers)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("/a b.jpg", "/a%20b.jpg"),
        ("/é.jpg?q=ü&r=a+b", "/%C3%A9.jpg?q=%C3%BC&r=a+b"),
        ("/%7Ea%2Fb.jpg#top", "/%7Ea%2Fb.jpg"),
        ("/x/../a.jpg", "/x/../a.jpg"),
        ("/" + "x" * 8000, "/" + "x" * 8000),
    ],
)
def test_an_address_is_sent_as_it_is_written(server: WebServer, client: Client, written: str, sent: str) -> None:
    with pytest.raises(ImageRejected):
        client.fetch(server.url + written)
    assert server.requests[-1].target == sent


def test_a_server_that_serves_a_folder(server: WebServer, client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    server.serve(tmp_path)
    assert client.fetch(f"{server.url}/a.jpg").data == JPEG


def test_connections_to_many_hosts_are_closed() -> None:
    """Each open connection is a descriptor: a list of a million hosts must not use them up."""
    client = Client(roots=["127.0.0.1"], look_up=anything)
    with WebServer() as server:
        server.put("/a.jpg", JPEG)

        async def fetch_all(place):  # type: ignore[no-untyped-def]
            most = 0
            for number in range(MOST_IDLE_HOSTS + 20):
                await place.fetch(f"http://host{number}.example:{server.port}/a.jpg")
                most = max(most, len(place._connections._pools))
            return most

        assert client.used(fetch_all) == MOST_IDLE_HOSTS


async def anything(host: str) -> list[str]:
    return ["127.0.0.1"]
