"""Images that lie on other hosts: shown through the guarded reader, cached, and without holding up anything else."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from lookalike.index import open_index
from lookalike.records import ImageRef, document_id
from lookalike.settings import Settings, read_settings
from lookalike_api import state
from testing.services.s3 import S3Server
from testing.services.web import Request, WebServer
from tests.api.service import serving
from tests.api.test_bad_input import problem_detail
from tests.index.documents import COSINE, clustered_vectors, document

LIMIT_S = 2.0


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
    [local] = store(settings, stored[0].uri)
    with ThreadPoolExecutor(20) as visitors:
        began = time.monotonic()
        waiting = [visitors.submit(client.get, f"{shown}/thumbnail") for shown in slow]
        assert client.get(f"{local}/thumbnail").status_code == 200
        assert client.get("/info").status_code == 200
        assert not any(item.done() for item in waiting), "they were not held up because nothing was"
        for item in waiting:
            assert "host" in problem_detail(item.result(), 504)
    assert time.monotonic() - began < 10 * LIMIT_S
    assert len(web.paths()) <= 12, "few are asked for at once"
