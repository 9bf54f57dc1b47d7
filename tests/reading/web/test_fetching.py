"""What an honest server gives: bytes, parts of them, and the state of an image."""

import asyncio
import gzip
import zlib
from pathlib import Path

import pytest

from lookalike.errors import ImageRejected
from lookalike.reading.contract import MAX_AROUND, MOST_ETAG, NoParts, State
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


#: What a server says of the state of an image, and the condition of a request for another one.
STATES: list[tuple[dict[str, str | None], dict[str, str]]] = [
    ({"ETag": '"strong"'}, {"if-none-match": '"strong"'}),
    ({"ETag": 'W/"weak"'}, {"if-none-match": 'W/"weak"'}),
    ({"ETag": '""'}, {"if-none-match": '""'}),
    ({"ETag": None}, {"if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT"}),
]


def conditions(server: WebServer) -> list[dict[str, str]]:
    """The method and the conditions of the requests since the last call."""
    names = ("if-none-match", "if-modified-since")
    found = [
        {"method": request.method} | {name: request.headers[name] for name in names if name in request.headers}
        for request in server.requests
    ]
    server.requests.clear()
    return found


@pytest.mark.parametrize(("extra", "condition"), STATES)
def test_an_image_that_is_known_takes_one_request_and_no_bytes(
    server: WebServer, client: Client, extra: dict[str, str | None], condition: dict[str, str]
) -> None:
    url = server.put("/known.jpg", Answer(JPEG, extra=extra))
    etag = client.fetch(url).etag
    server.requests.clear()
    assert client.fetch_unless(url, etag) is None
    assert conditions(server) == [{"method": "GET"} | condition]
    server.put("/known.jpg", Answer(JPEG[:-1], extra={"ETag": '"other"', "Last-Modified": None}))
    fetched = client.fetch_unless(url, etag)
    assert fetched is not None and (fetched.data, fetched.etag) == (JPEG[:-1], '"other"')
    assert conditions(server) == [{"method": "GET"} | condition]


def test_a_weak_tag_of_the_same_content_is_known(server: WebServer, client: Client) -> None:
    """A server that packs what it sends makes its tags weak."""
    url = server.put("/weak.jpg", Answer(JPEG, extra={"ETag": 'W/"1"'}))
    assert client.fetch_unless(url, '"1"') is None


def test_a_redirect_takes_the_condition_to_where_the_image_is(server: WebServer, client: Client) -> None:
    server.put("/moved.jpg", Answer(status=301, extra={"Location": "/here.jpg", "ETag": '"1"'}))
    server.put("/here.jpg", Answer(JPEG, extra={"ETag": '"1"'}))
    server.requests.clear()
    assert client.fetch_unless(server.url + "/moved.jpg", '"1"') is None
    assert [item["if-none-match"] for item in conditions(server)] == ['"1"', '"1"']


@pytest.mark.parametrize(("extra", "condition"), STATES)
def test_a_host_that_does_not_heed_conditions_is_not_read_and_then_asked_with_head(
    server: WebServer, client: Client, extra: dict[str, str | None], condition: dict[str, str]
) -> None:
    urls = [server.put(f"/heedless{n}.jpg", Answer(JPEG, extra=extra, knows_conditions=False)) for n in range(3)]
    etag = client.fetch(urls[0]).etag
    server.requests.clear()

    async def ask_all(place):  # type: ignore[no-untyped-def]
        return [await place.fetch_unless(url, etag) for url in urls] + [await place.fetch_unless(urls[0], '"other"')]

    *same, other = client.used(ask_all)
    assert same == [None, None, None] and other.data == JPEG
    assert conditions(server) == [
        {"method": "GET"} | condition,
        *({"method": name} for name in ("HEAD",) * 3 + ("GET",)),
    ]


@pytest.mark.parametrize("etag", ["unquoted", '"a" "b"', '"ä"', '"line\nbreak"', "", "*"])
def test_what_is_no_tag_is_no_condition(server: WebServer, client: Client, etag: str) -> None:
    url = server.put("/tag.jpg", Answer(JPEG, extra={"ETag": "unquoted"}))
    server.requests.clear()
    found = client.fetch_unless(url, etag)
    assert (found is None) == (etag == "unquoted")
    assert all(item.keys() == {"method"} for item in conditions(server))


#: What hosts write as an entity tag that is none, or no text, or longer than an index keeps it.
ODD_TAGS = [
    *('"\xe9\xff"', '"' + "x" * 5000 + '"', '""', "bare", "W/", 'W/"', '"a", "b"', '"a\tb"', '"\x80"', "*", '"\\"'),
    *("-- DROP", '{"a": 1}', '"<script>"'),
]


def test_an_odd_tag_is_kept_as_text_and_tells_whether_an_image_has_changed(server: WebServer, client: Client) -> None:
    async def ask_all(place):  # type: ignore[no-untyped-def]
        for tag in ODD_TAGS:
            url = server.put("/odd.jpg", Answer(JPEG, extra={"ETag": tag}))
            etag = (await place.fetch(url)).etag
            assert 0 < len(etag.encode()) <= 2 * MOST_ETAG, tag[:20]
            assert await place.fetch_unless(url, etag) is None, tag[:20]
            server.put("/odd.jpg", Answer(JPEG[:-1], extra={"ETag": tag + "!"}))
            assert await place.fetch_unless(url, etag) is not None, tag[:20]

    client.used(ask_all)


def test_a_304_that_nobody_asked_for_is_a_reason_of_its_own(server: WebServer, client: Client) -> None:
    url = server.put("/wrong.jpg", Answer(status=304))
    for ask in (client.fetch, client.look):
        with pytest.raises(ImageRejected, match=r"304 \(not modified\), although it was not asked") as rejected:
            ask(url)
        assert rejected.value.reason is Reason.UNREADABLE


def test_a_304_about_another_content_is_not_believed(server: WebServer, client: Client) -> None:
    async def answer(request, writer):  # type: ignore[no-untyped-def]
        import testing.services.web as web

        is_asked = "if-none-match" in request.headers
        await web._send(
            Answer(b"" if is_asked else JPEG, 304 if is_asked else 200, extra={"ETag": '"2"'}), request, writer
        )

    fetched = client.fetch_unless(server.put("/mixed.jpg", answer), '"1"')
    assert fetched is not None and (fetched.data, fetched.etag) == (JPEG, '"2"')


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
        ("gzip", b"".join(gzip.compress(JPEG[start : start + 20_000]) for start in range(0, len(JPEG), 20_000))),
        ("gzip", gzip.compress(b"") + gzip.compress(JPEG) + b"padding"),
        ("gzip", gzip.compress(JPEG) + b"\x1f"),
        ("deflate", zlib.compress(JPEG)),
        ("identity", JPEG),
    ],
    # Not the bytes, in which gzip writes the time: processes that run the tests would name them differently.
    ids=range(7),
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


def test_many_hosts_at_once_do_not_close_the_connections_of_each_other(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.reading.web.connections.MOST_IDLE_HOSTS", 20)
    server.put("/a.jpg", JPEG)

    async def fetch_all(place):  # type: ignore[no-untyped-def]
        for first in (0, 20):
            hosts = [f"host{first + number}.example" for number in range(20)]
            await asyncio.gather(*(place.fetch(f"http://{host}:{server.port}/a.jpg") for host in hosts))

    Client(look_up=anything, answer_s=5.0).used(fetch_all)


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
