"""Images that lie on other hosts: shown through the guarded reader, cached, and without holding up anything else."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from lookalike.errors import HostUnavailable
from lookalike.index import open_index
from lookalike.records import ImageRef, document_id
from lookalike.settings import Settings, read_settings
from lookalike_api import state, thumbnails
from testing.processes import await_true
from testing.services.s3 import S3Server
from testing.services.web import Answer, Request, WebServer
from tests.api.service import serving
from tests.api.test_bad_input import problem_detail
from tests.index.documents import COSINE, clustered_vectors, document

#: Also the time in which other requests are answered on a busy machine.
LIMIT_S = 4.0


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def settings(web: WebServer, tmp_path: Path) -> Settings:
    return read_settings(home=tmp_path, index="remote", roots=("/", f"{web.url}/open/", "s3://"), respect_robots=False)


@pytest.fixture
def client(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx2.Client]:
    monkeypatch.setattr(state, "LIMIT_S", LIMIT_S)
    with serving(settings, is_ready=False) as opened:
        yield opened


def store(settings: Settings, *uris: str) -> list[str]:
    """Documents of these images; returns the paths at which they are shown."""
    with closing(open_index(settings.index_location, settings.index)) as index:
        index.ensure(COSINE)
        index.write([replace(document(uri, clustered_vectors(1)[0]), etag="1") for uri in uris])
    return [f"/images/{document_id(uri)}" for uri in uris]


async def silent(request: Request, writer: asyncio.StreamWriter) -> None:
    """Take the request, and never answer."""
    await asyncio.sleep(3600)


def test_pictures_of_a_host_and_of_a_bucket_are_shown_and_asked_for_once(
    client: httpx2.Client, settings: Settings, web: WebServer, s3: S3Server, stored: list[ImageRef]
) -> None:
    content = Path(stored[0].uri).read_bytes()
    kind = f"image/{Path(stored[0].uri).suffix[1:].replace('jpg', 'jpeg')}"
    s3.bucket("shop", {"a.jpg": content})
    for shown in store(settings, web.put("/open/a", content), "s3://shop/a.jpg"):
        thumbnail = client.get(f"{shown}/thumbnail")
        assert (thumbnail.status_code, thumbnail.headers["content-type"]) == (200, "image/jpeg"), thumbnail.text
        whole = client.get(shown)
        assert (whole.content, whole.headers["content-type"]) == (content, kind)
        again = client.get(f"{shown}/thumbnail", headers={"If-None-Match": thumbnail.headers["etag"]})
        assert again.status_code == 304
        assert client.get(f"{shown}/thumbnail").content == thumbnail.content
    assert web.paths() == ["/open/a"]


def test_what_cannot_be_shown_is_a_sentence_without_the_address(
    client: httpx2.Client, settings: Settings, web: WebServer
) -> None:
    page, inner = web.put("/open/page", b"<html>secret</html>"), web.put("/secret/a.jpg", b"secret")
    gone, outside = f"{web.url}/open/gone", "http://169.254.169.254/latest/meta-data"
    for shown in store(settings, page, gone, inner, outside):
        for path in (shown, f"{shown}/thumbnail"):
            sentence = problem_detail(client.get(path), 404)
            assert "secret" not in sentence and "127.0.0.1" not in sentence
    assert "/secret/a.jpg" not in web.paths()


def test_why_a_picture_is_missing_is_said_and_its_host_is_not_asked_again_at_once(
    client: httpx2.Client, settings: Settings, web: WebServer
) -> None:
    inner, gone = f"{web.url}/inner/a.jpg", f"{web.url}/open/gone"
    denied = web.put("/open/denied", Answer(status=403))
    page = web.put("/open/page", b"<!doctype html><html>Log in</html>")
    whys = ["LOOKALIKE_ROOTS says what it may read", "not there any more", "denies access", "a page or a message"]
    for shown, why in zip(store(settings, inner, gone, denied, page), whys, strict=True):
        for path in (f"{shown}/thumbnail", f"{shown}/thumbnail", shown):
            assert why in problem_detail(client.get(path), 404)
    assert sorted(web.paths()) == ["/open/denied", "/open/gone", "/open/page"]


#: What a document may name, whoever has written it into the index.
HOSTILE = [
    *("", "/", "//evil.example/a.jpg", "file:///etc/passwd", "file://host/etc/passwd", "javascript:alert(1)"),
    *("data:image/png;base64,AAAA", "ftp://a.example/b", "gopher://127.0.0.1:6379/_", "http://", "https:///a.jpg"),
    *("http://[broken/a.jpg", "http://a.example:99999/a.jpg", "http://user:secret@127.0.0.1/a.jpg", "http://\x00/"),
    *("http://0x7f000001/a.jpg", "http://127.1/a.jpg", "http://[::ffff:169.254.169.254]/latest/meta-data/"),
    *("s3://", "s3://../a", "s3://bucket", "gs://a/../b", "az://x", "s3://user:secret@bucket/a.jpg"),
    *("http://127.0.0.1/a.tar#../../etc/passwd", "/etc/passwd#a.jpg", "a.tar#", "a.zip#b\nSet-Cookie: x", "\x00"),
    *("http://127.0.0.1/" + "a" * 9000, "http://a.example/\r\nHost: b", "http://*.example/", "/../../etc/passwd"),
]


def test_a_hostile_address_in_a_document_is_a_sentence(client: httpx2.Client, settings: Settings) -> None:
    for uri, shown in zip(HOSTILE, store(settings, *HOSTILE), strict=True):
        for path in (shown, f"{shown}/thumbnail"):
            for method in ("GET", "HEAD"):
                answer = client.request(method, path)
                assert answer.status_code == 404, (uri, answer.status_code, answer.text)
                assert answer.headers["Cache-Control"] == "no-store"
                assert "secret" not in answer.text and "passwd" not in answer.text, (uri, answer.text)
                assert "set-cookie" not in answer.headers


def test_pictures_of_other_hosts_are_kept_by_the_browser_of_their_visitor_only(
    settings: Settings, web: WebServer, stored: list[ImageRef]
) -> None:
    page, other = "https://page.example", "https://other.example"
    content = Path(stored[0].uri).read_bytes()
    # What the host says of caches and cookies is not passed on.
    extra = {"Cache-Control": "public, max-age=99999", "Set-Cookie": "a=b", "Vary": "*", "Content-Type": "text/html"}
    url = web.put("/open/a", Answer(content, extra=extra))
    chosen = settings.model_copy(update={"cors_origins": (page,), "api_key": SecretStr("a long key")})
    with serving(chosen, is_ready=False) as client:
        [shown] = store(settings, url)
        key = {"X-API-Key": "a long key"}
        for path in (shown, f"{shown}/thumbnail"):
            assert client.get(path).status_code == 401
            for asked in ({}, {"Origin": page}, {"Origin": other}):
                got = client.get(path, headers=key | asked)
                again = client.get(path, headers=key | asked | {"If-None-Match": got.headers["ETag"]})
                head = client.head(path, headers=key | asked)
                assert (got.status_code, again.status_code, head.status_code) == (200, 304, 200)
                assert head.content == b"" and head.headers["Content-Length"] == str(len(got.content))
                for answer in (got, again, head):
                    assert answer.headers["Cache-Control"] == "private, max-age=600"
                    told = [name.strip() for name in answer.headers["Vary"].split(",")]
                    assert sorted(told) == ["Authorization", "Origin", "X-API-Key"]
                    allowed = answer.headers.get("Access-Control-Allow-Origin")
                    assert allowed == (page if asked.get("Origin") == page else None)
                    assert "Set-Cookie" not in answer.headers and answer.headers["ETag"] == got.headers["ETag"]
                assert got.headers["Content-Type"].startswith("image/")
                assert got.headers["X-Content-Type-Options"] == "nosniff"
            asks = {
                "Origin": page,
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "x-api-key",
            }
            assert client.options(path, headers=asks).status_code == 200
            assert client.options(path, headers=asks | {"Origin": other}).status_code == 400


def test_pictures_and_failures_are_remembered() -> None:
    cache, failures = thumbnails.ThumbnailCache(1000), thumbnails.Failures()
    cache.put("a", b"x" * 600)
    cache.put("b", b"x" * 600)
    failures.add("a", HostUnavailable("host", "away"))
    assert cache.get("a") is None, "more bytes than there may be"
    assert cache.get("b") is not None
    with pytest.raises(HostUnavailable):
        failures.check("a")


def test_pictures_and_failures_are_forgotten_after_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "FRESH_S", 0.1)
    monkeypatch.setattr(thumbnails, "FAILED_S", 0.1)
    cache, failures = thumbnails.ThumbnailCache(1000), thumbnails.Failures()
    cache.put("a", b"x")
    failures.add("a", HostUnavailable("host", "away"))
    await_true(lambda: cache.get("a") is None)
    await_true(lambda: not failures._errors)
    failures.check("a")


def test_nothing_that_only_a_client_names_is_fetched(
    client: httpx2.Client, settings: Settings, web: WebServer, stored: list[ImageRef]
) -> None:
    url = web.put("/open/b", Path(stored[0].uri).read_bytes())
    store(settings, f"{url}2")
    problem_detail(client.get(f"/images/{document_id(url)}"), 404)
    problem_detail(client.get("/images/" + url.replace("/", "%2F")), 404)
    assert web.paths() == []


def test_a_host_that_does_not_answer_holds_up_neither_other_pictures_nor_requests(
    client: httpx2.Client, settings: Settings, web: WebServer, stored: list[ImageRef]
) -> None:
    slow = store(settings, *(web.put(f"/open/{number}", silent) for number in range(20)))
    first, local = store(settings, *(ref.uri for ref in stored[:2]))

    def ask_for(local: str) -> None:
        assert client.get(f"{local}/thumbnail").status_code == 200
        assert client.get("/info").status_code == 200
        found = client.get("/search", params={"id": local.rpartition("/")[2], "k": 5})
        assert found.status_code == 200 and len(found.json()["matches"]) == 5

    # The first decoder takes long to start on a busy machine.
    ask_for(first)
    with ThreadPoolExecutor(20) as visitors:
        waiting = [visitors.submit(client.get, f"{shown}/thumbnail") for shown in slow]
        await_true(web.paths)
        ask_for(local)
        assert not any(item.done() for item in waiting), "they were not held up because nothing was"
        for item in waiting:
            assert "host" in problem_detail(item.result(), 504)
    # The others were told in time as well, without being asked for.
    assert len(web.paths()) <= 12, "few are asked for at once"
