"""What a store of S3 that lies or breaks its word does to one image, or to a listing."""

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from lookalike.errors import ImageRejected, ObjectUnavailable
from lookalike.reading.contract import Fetched
from lookalike.reading.stores import s3
from lookalike.reading.stores.location import location_of
from lookalike.reading.stores.place import StorePlace
from lookalike.reading.stores.problems import Kind, StoreProblem
from lookalike.reading.stores.s3_answers import MAX_PAGE_BYTES, Page, page_of
from lookalike.records import Reason, Span
from testing.services.web import Answer, Handler, WebServer
from tests.reading.stores.asking import MAX_BYTES, fetch, look, problem
from tests.reading.web import hostile
from tests.stores import use_s3

JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 5
DECLARED = (
    "<?xml version='1.0'{}?>{}<!DOCTYPE l [<!ENTITY a 'boo'>]><ListBucketResult><Key>&a;</Key></ListBucketResult>"
)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    with WebServer() as server:
        use_s3(monkeypatch, server.url)
        yield server


def xml(*keys: str, following: str | None = None, size: str = "1") -> bytes:
    contents = "".join(f"<Contents><Key>{quote(key)}</Key><Size>{size}</Size></Contents>" for key in keys)
    more = "<IsTruncated>true</IsTruncated>" if following is not None else ""
    token = f"<NextContinuationToken>{following}</NextContinuationToken>" if following else ""
    return f"<ListBucketResult><EncodingType>url</EncodingType>{contents}{more}{token}</ListBucketResult>".encode()


def listed() -> list[str]:
    """The keys of at most 500 pages."""

    async def ask() -> list[str]:
        place, pages = StorePlace(MAX_BYTES), []
        try:
            async for page in place.client("s3").pages(location_of("s3://bucket/in/")):
                pages.append([entry.key for entry in page])
                assert len(pages) < 500, "a listing without end"
            return [key for page in pages for key in page]
        finally:
            await place.close()

    return asyncio.run(ask())


def test_what_comes_between_two_requests_is_not_the_answer_to_the_second(store: WebServer) -> None:
    async def twice(request, writer):  # type: ignore[no-untyped-def]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xd8\xff1")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xd8\xff!")
        await asyncio.sleep(1)

    store.put("/bucket/first", twice)
    store.put("/bucket/second", JPEG)

    async def fetch_both() -> list[Fetched]:
        place = StorePlace(MAX_BYTES)
        try:
            first = await place.fetch("s3://bucket/first")
            await asyncio.sleep(0.2)
            return [first, await place.fetch("s3://bucket/second")]
        finally:
            await place.close()

    assert [fetched.data for fetched in asyncio.run(fetch_both())] == [b"\xff\xd8\xff1", JPEG]


def error_in_pieces() -> Handler:
    text = b"<Error><Code>InvalidObjectState</Code></Error>"
    head = b"HTTP/1.1 403 x\r\nContent-Length: %d\r\n\r\n" % len(text)
    return hostile.raw(head, text[:20], text[20:], pause_s=0.05)


def test_an_error_that_comes_in_pieces_is_read_to_its_end(store: WebServer) -> None:
    store.put("/bucket/a.jpg", error_in_pieces())
    assert "the object is archived" in str(problem("s3://bucket/a.jpg"))


@pytest.mark.parametrize("answer", [hostile.drip, hostile.drip_header, hostile.silence], ids=lambda one: one.__name__)
def test_an_object_that_drips_is_left_soon_and_holds_up_no_other(
    store: WebServer, monkeypatch: pytest.MonkeyPatch, answer: Handler
) -> None:
    monkeypatch.setattr(s3, "PACE_S", 0.3)
    # What drips never makes a pause; the process of this test may.
    monkeypatch.setattr(s3, "READ_S", 30 if answer is hostile.drip else 0.3)
    store.put("/bucket/a.jpg", answer)
    store.put("/bucket/", Answer(xml("a.jpg")))
    begun = time.monotonic()
    error = problem("s3://bucket/a.jpg", max_bytes=10**6)
    assert isinstance(error, ObjectUnavailable), error
    assert time.monotonic() - begun < 30
    if answer is hostile.drip:
        assert "fewer than 1000 bytes a second" in str(error) and store.paths().count("/bucket/a.jpg") == 1


def test_a_listing_that_drips_is_left_soon(store: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "PACE_S", 0.3)
    store.put("/bucket/", hostile.drip)
    with pytest.raises(StoreProblem) as slow:
        listed()
    assert slow.value.kind is Kind.SLOW


@pytest.mark.parametrize(
    ("answer", "span"),
    [
        (Answer(JPEG, 206, extra={"Content-Range": f"bytes 0-{len(JPEG) - 1}/5000"}), None),
        (Answer(JPEG[:3], 206, extra={"Content-Range": "bytes 0-2/5000"}), Span(7, 3)),
        (Answer(JPEG[:3], 206), Span(7, 3)),
        (Answer(JPEG[:3], 206, extra={"Content-Range": "bytes 7-9/" + "9" * 5000}), Span(7, 3)),
        (Answer(JPEG, knows_ranges=False), Span(7, 3)),
    ],
)
def test_other_bytes_than_were_asked_for_are_no_image(store: WebServer, answer: Answer, span: Span | None) -> None:
    store.put("/bucket/a", answer)
    rejected = problem("s3://bucket/a", span)
    assert isinstance(rejected, ImageRejected) and rejected.reason is Reason.UNREADABLE


def test_a_size_of_thousands_of_digits_is_no_size(store: WebServer) -> None:
    async def answer(request, writer):  # type: ignore[no-untyped-def]
        is_head = request.method == "HEAD"
        status, length = ("403 Forbidden", 0) if is_head else ("206 Partial", 1)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n".encode())
        writer.write(b"Content-Range: bytes 0-0/%s\r\n\r\n" % (b"9" * 5000) + (b"" if is_head else b"x"))
        await writer.drain()

    store.put("/bucket/a", answer)
    assert look("s3://bucket/a").size_bytes is None


def test_an_etag_that_is_no_text_can_be_kept(store: WebServer) -> None:
    store.put("/bucket/a", hostile.raw(b'HTTP/1.1 200 OK\r\nETag: "\xff\xfe"\r\nContent-Length: 3\r\n\r\n\xff\xd8\xff'))
    assert fetch("s3://bucket/a").etag == "ÿþ"


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (xml("in/a", "out/b"), "keys that it was not asked for"),
        (xml("in/a", ""), "keys that it was not asked for"),
        (xml("in/a", following=""), "breaks off"),
        (xml("in/a", size="-1"), "cannot be read"),
        (xml("in/a", size="9" * 5000), "cannot be read"),
        (b"<a>" * (MAX_PAGE_BYTES // 8) + b"</a>" * (MAX_PAGE_BYTES // 8), "cannot be read"),
        (DECLARED.format("", "").encode(), "cannot be read"),
        (DECLARED.format("", " " * 70_000).encode(), "cannot be read"),
        (DECLARED.format(" encoding='utf-16'", "").encode("utf-16-le"), "cannot be read"),
        (DECLARED.format(" encoding='utf-16'", "").encode("utf-16"), "cannot be read"),
    ],
    ids=range(10),
)
def test_a_listing_that_lies_is_no_listing(store: WebServer, page: bytes, why: str) -> None:
    store.put("/bucket/", Answer(page))
    with pytest.raises(StoreProblem, match=why):
        listed()


def pages_in_turn(*pages: bytes) -> Handler:
    """The next of these pages for each request, and again from the first one on."""
    count = 0

    async def answer(request, writer):  # type: ignore[no-untyped-def]
        nonlocal count
        page = pages[count % len(pages)].replace(b"NEW", b"%d" % count)
        count += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(page) + page)
        await writer.drain()

    return answer


@pytest.mark.parametrize(
    "pages",
    [
        [xml("in/a", following="1")],
        [xml("in/a", following="NEW")],
        [xml("in/a", following="1"), xml("in/b", following="2")],
        [xml(f"in/{number}", following="NEW") for number in range(7)],
        [xml(following="1")],
    ],
    ids=range(5),
)
def test_a_listing_that_begins_again_ends(store: WebServer, pages: list[bytes]) -> None:
    store.put("/bucket/", pages_in_turn(*pages))
    with pytest.raises(StoreProblem, match="no end"):
        listed()


def test_a_listing_of_pages_without_keys_ends(store: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.reading.stores.progress.MOST_EMPTY", 50)
    store.put("/bucket/", pages_in_turn(xml(following="NEW")))
    with pytest.raises(StoreProblem, match="no end"):
        listed()


def test_a_long_listing_with_some_empty_pages_is_read_to_its_end(store: WebServer) -> None:
    pages = [xml(*([f"in/{number:03}"] if number % 3 else []), following=f"{number}") for number in range(100)]
    store.put("/bucket/", pages_in_turn(*pages, xml("in/last")))
    assert listed() == [f"in/{number:03}" for number in range(100) if number % 3] + ["in/last"]


def test_a_page_of_a_thousand_keys_with_all_that_a_store_says_of_them_is_read() -> None:
    about = "".join(f"<F{number}>x</F{number}>" for number in range(30))
    contents = "".join(f"<Contents><Key>k{number}</Key><Size>1</Size>{about}</Contents>" for number in range(1000))
    page = page_of(f"<ListBucketResult>{contents}</ListBucketResult>".encode())
    assert isinstance(page, Page) and len(page.entries) == 1000


def test_a_store_sends_nobody_to_another_host(store: WebServer) -> None:
    with WebServer("127.0.0.2") as inner:
        secret = inner.put("/secret.jpg", JPEG)
        for status in (301, 302, 303, 307, 308):
            for region in ("eu-west-1", "evil.example/", "127.0.0.2"):
                extra = {"Location": secret, "x-amz-bucket-region": region}
                store.put("/bucket/a", Answer(b"", status, extra=extra))
                assert isinstance(problem("s3://bucket/a"), ImageRejected)
        assert not inner.requests


def test_the_kinds_of_lies_are_refusals_and_no_retry_is_made(store: WebServer) -> None:
    store.put("/bucket/", Answer(xml("in/a", following="")))
    with pytest.raises(StoreProblem) as refused:
        listed()
    assert refused.value.kind is Kind.REFUSED and len(store.requests) == 1
