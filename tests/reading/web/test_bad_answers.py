"""What a bad server does to one image: the right reason, in bounded time and memory."""

import asyncio
import gzip
import time
import tracemalloc
from email.utils import formatdate

import pytest

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.reading.web import unpacking
from lookalike.records import Reason
from testing.services.web import Answer, WebServer
from tests.reading.web import hostile
from tests.reading.web.conftest import MAX_BYTES, Client

JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 500
HTML = b"\xef\xbb\xbf\n<!DOCTYPE html><html><body>Please log in</body></html>"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((status, Reason.NOT_FOUND) for status in (404, 410)),
        *((status, Reason.FORBIDDEN) for status in (401, 402, 403, 407, 451)),
        *((status, Reason.EMPTY) for status in (204, 205)),
        *((status, Reason.BAD_URI) for status in (414, 431)),
        *((status, Reason.UNREADABLE) for status in (206, 226, 300, 302, 304, 400, 405, 418, 422, 501, 505, 511)),
    ],
)
def test_a_status_that_no_retry_changes(server: WebServer, client: Client, status: int, reason: Reason) -> None:
    url = server.put(f"/{status}", Answer(b"" if status in (204, 205, 304) else HTML, status))
    for ask in (client.fetch, client.look):
        with pytest.raises(ImageRejected, match=str(status)) as rejected:
            ask(url)
        assert rejected.value.reason is reason


@pytest.mark.parametrize("status", [202, 408, 421, 425, 429, 500, 502, 503, 504, 507, 520, 530, 599])
def test_a_status_that_may_change(server: WebServer, client: Client, status: int) -> None:
    url = server.put(f"/{status}", Answer(HTML, status))
    for ask in (client.fetch, client.look):
        with pytest.raises(HostUnavailable, match=str(status)) as away:
            ask(url)
        assert away.value.retry_after_s is None and away.value.address == server.url


@pytest.mark.parametrize(
    ("wait", "least", "most"), [("7", 7, 7), ("999999999", 3600, 3600), (60, 30, 61), (10**6, 3600, 3600), (-60, 0, 0)]
)
def test_a_host_says_when(server: WebServer, client: Client, wait: str | int, least: float, most: float) -> None:
    # A date is made here: the names of tests must be the same in all processes.
    text = wait if isinstance(wait, str) else formatdate(time.time() + wait, usegmt=True)
    with pytest.raises(HostUnavailable) as away:
        client.fetch(server.put("/busy", Answer(status=429, extra={"Retry-After": text})))
    assert away.value.retry_after_s is not None and least <= away.value.retry_after_s <= most


@pytest.mark.parametrize("text", ["soon", "-5", "1e9", "\u0667", "Mon, 99 Foo 2026", "9" * 400, ""])
def test_a_host_does_not_say_when(server: WebServer, client: Client, text: str) -> None:
    answer = Answer(status=503, extra={"Retry-After": text.encode().decode("latin-1")})
    with pytest.raises(HostUnavailable) as away:
        client.fetch(server.put("/busy", answer))
    assert away.value.retry_after_s is None


@pytest.mark.parametrize(
    ("body", "content_type", "named"),
    [
        (HTML, "image/jpeg", "an HTML page, and calls it image/jpeg"),
        (HTML + b" " * 10_000, "text/html; charset=utf-8", "an HTML page (text/html)"),
        (b'{"error": "no such image"}', "application/json", "a text (application/json)"),
        (b"Hotlinking is not allowed", "text/plain\x1b[2J", "a text"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "application/xml", "an XML document"),
    ],
)
def test_a_page_in_place_of_an_image(
    server: WebServer, client: Client, body: bytes, content_type: str, named: str
) -> None:
    with pytest.raises(ImageRejected) as rejected:
        client.fetch(server.put("/page.jpg", Answer(body, content_type=content_type)))
    assert rejected.value.reason is Reason.NOT_AN_IMAGE and named in rejected.value.detail
    assert "\x1b" not in rejected.value.detail


def test_an_image_is_one_whatever_type_the_server_claims(server: WebServer, client: Client) -> None:
    assert client.fetch(server.put("/a", Answer(JPEG, content_type="text/html"))).data == JPEG


def test_a_long_page_is_not_read_to_its_end(server: WebServer, client: Client) -> None:
    endless = hostile.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + HTML + b" " * 600, b"", pause_s=60)
    begun = time.monotonic()
    with pytest.raises(ImageRejected, match="not_an_image"):
        client.fetch(server.put("/long", endless))
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    ("name", "answer", "reason"),
    [
        ("nothing", Answer(b""), Reason.EMPTY),
        ("no length, nothing", hostile.without_length(b""), Reason.EMPTY),
        ("large", Answer(JPEG[:3] + bytes(MAX_BYTES)), Reason.TOO_LARGE),
        ("a large claim", hostile.with_length(10**15, JPEG), Reason.TOO_LARGE),
        ("an endless body", hostile.endless, Reason.TOO_LARGE),
        ("endless chunks", hostile.endless_chunks, Reason.TOO_LARGE),
        ("a bomb of gzip", hostile.packed("gzip", hostile.gzip_bomb(64 * 2**20)), Reason.TOO_LARGE),
        ("gzip of nothing without end", hostile.endless_gzip_of_nothing, Reason.TOO_LARGE),
        (
            "a damaged second member",
            hostile.packed("gzip", gzip.compress(JPEG) + b"\x1f\x8b" + bytes(20)),
            Reason.UNREADABLE,
        ),
        ("gzip, gzip", hostile.packed("gzip, gzip", hostile.gzip_twice(JPEG)), Reason.UNREADABLE),
        ("brotli", hostile.packed("br", b"\x0b\x02\x80"), Reason.UNREADABLE),
        ("no gzip", hostile.packed("gzip", JPEG), Reason.UNREADABLE),
        ("an endless header", hostile.endless_header, Reason.UNREADABLE),
        ("an endless line", hostile.endless_line, Reason.UNREADABLE),
    ],
)
def test_an_answer_that_no_retry_changes(
    server: WebServer, client: Client, name: str, answer: object, reason: Reason
) -> None:
    with pytest.raises(ImageRejected) as rejected:
        client.fetch(server.put("/bad", answer))  # type: ignore[arg-type]
    assert rejected.value.reason is reason, rejected.value


def test_a_bomb_of_gzip_takes_little_memory(server: WebServer, client: Client) -> None:
    url = server.put("/bomb", hostile.packed("gzip", hostile.gzip_bomb(64 * 2**20)))
    tracemalloc.start()
    try:
        with pytest.raises(ImageRejected, match="too_large"):
            client.fetch(url)
        assert tracemalloc.get_traced_memory()[1] < 8 * MAX_BYTES
    finally:
        tracemalloc.stop()


def test_gzip_may_have_so_many_members(server: WebServer, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_MEMBERS", 10)
    empty = gzip.compress(b"")
    assert client.fetch(server.put("/few", hostile.packed("gzip", empty * 9 + gzip.compress(JPEG)))).data == JPEG
    with pytest.raises(ImageRejected, match="more than 10 members of gzip"):
        client.fetch(server.put("/many", hostile.packed("gzip", empty * 10 + gzip.compress(JPEG))))


def test_gzip_of_gzip_is_unpacked_once(server: WebServer, client: Client) -> None:
    fetched = client.fetch(server.put("/twice", hostile.packed("gzip", hostile.gzip_twice(JPEG))))
    assert fetched.data.startswith(b"\x1f\x8b")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("a short body", hostile.with_length(len(JPEG) + 1, JPEG)),
        ("a cut body", hostile.cut_off),
        ("no answer", hostile.silence),
        ("a closed connection", hostile.raw()),
        ("half a status", hostile.raw(b"HTTP/1.1 20")),
        ("no HTTP", hostile.raw(b"220 mail.example ESMTP\r\n")),
        ("binary", hostile.raw(bytes(range(256)) * 4)),
        ("two lengths", hostile.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef")),
        ("length and chunks", hostile.raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabcdef")),
        ("a bad chunk", hostile.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n")),
        ("a cut chunk", hostile.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n\xff\xd8\xff\r\n")),
        ("no last chunk", hostile.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\xff\xd8\xff\r\n")),
        ("one byte at a time", hostile.drip),
        ("one byte of the header at a time", hostile.drip_header),
        ("announcements for ever", hostile.endless_information),
        ("a cut second member", hostile.packed("gzip", gzip.compress(JPEG) + gzip.compress(JPEG)[:500])),
        ("cut gzip", hostile.packed("gzip", hostile.gzip_bomb(2**20)[:500])),
    ],
)
def test_an_answer_that_may_be_better_the_next_time(
    server: WebServer, client: Client, name: str, answer: object
) -> None:
    begun = time.monotonic()
    with pytest.raises(HostUnavailable) as away:
        client.fetch(server.put("/broken", answer))  # type: ignore[arg-type]
    assert away.value.address == server.url and time.monotonic() - begun < 30


def test_bytes_behind_a_body_are_not_the_answer_to_the_next_request(server: WebServer, client: Client) -> None:
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xd8\xff!"
    first = hostile.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xd8\xff1" + forged, b"", pause_s=0.05)
    urls = [server.put("/first", first), server.put("/second", JPEG)]

    async def fetch_both(place):  # type: ignore[no-untyped-def]
        return [(await place.fetch(url)).data for url in urls]

    assert client.used(fetch_both) == [b"\xff\xd8\xff1", JPEG]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "late", [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xd8\xff!", b"HTTP/1.1 404 No\r\n\r\n"]
)
def test_what_comes_between_two_requests_is_not_the_answer_to_the_second(
    server: WebServer, client: Client, method: str, late: bytes
) -> None:
    """A body after an answer to HEAD, an answer that was sent twice: the next image must not become it."""

    async def twice(request, writer):  # type: ignore[no-untyped-def]
        body = b"" if request.method == "HEAD" else b"\xff\xd8\xff1"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(late)
        await asyncio.sleep(1)

    first, second = server.put("/first", twice), server.put("/second", JPEG)

    async def ask_both(place):  # type: ignore[no-untyped-def]
        await (place.fetch(first) if method == "GET" else place.look(first))
        await asyncio.sleep(0.2)
        return (await place.fetch(second)).data

    assert client.used(ask_both) == JPEG


def test_an_etag_that_is_no_text_can_be_kept(server: WebServer, client: Client) -> None:
    head = b'HTTP/1.1 200 OK\r\nETag: "\xff\xfe"\r\nContent-Length: 3\r\n\r\n\xff\xd8\xff'
    dated = b"HTTP/1.1 200 OK\r\nLast-Modified: \xff\r\nContent-Length: 3\r\n\r\n\xff\xd8\xff"
    assert client.fetch(server.put("/odd", hostile.raw(head))).etag == '"ÿþ"'
    assert client.fetch(server.put("/dated", hostile.raw(dated))).etag == 'W/"ÿ 3"'


def test_an_image_has_a_time_with_all_its_redirects(server: WebServer) -> None:
    async def slow(request, writer):  # type: ignore[no-untyped-def]
        import asyncio

        await asyncio.sleep(0.3)
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /slow\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(HostUnavailable, match="more than 1 s"):
        Client(total_s=0.6).fetch(server.put("/slow", slow))


def test_a_port_where_nobody_listens(client: Client, server: WebServer) -> None:
    with WebServer() as gone:
        url = gone.url
    with pytest.raises(HostUnavailable, match="refused"):
        client.fetch(f"{url}/a.jpg")


@pytest.mark.parametrize(
    "uri",
    [
        "http://me:hunter2@127.0.0.1/a.jpg",
        "http:///a.jpg",
        "http://127.0.0.1:99999/a.jpg",
        "http://0x7f.1/a.jpg",
        "http://2130706433/",
        "http://127.0.0.1/" + "x" * 9000,
    ],
)
def test_an_address_that_cannot_be_used(client: Client, uri: str) -> None:
    for ask in (client.fetch, client.look):
        with pytest.raises(ImageRejected) as rejected:
            ask(uri)
        assert rejected.value.reason is Reason.BAD_URI and "hunter2" not in str(rejected.value)
