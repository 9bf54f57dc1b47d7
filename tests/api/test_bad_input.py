"""Bad and hostile requests: each gets the right status and a one-line message, and the service keeps working."""

import gzip
import json
import os
import select
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import pytest

from lookalike.records import MOST_MATCHES, Frame, ImageRef, Pixels
from lookalike.settings import Settings
from lookalike_api.mixture import Embedded
from lookalike_api.search import Searcher
from testing.processes import await_true
from tests.api.service import serving

BOUNDARY = "multipart/form-data; boundary=b"


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    """A PNG whose header has this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


BOMB = png(60_000, 60_000, zlib.compress(bytes(10_000)))
#: 200 real megapixels in 200 KB.
HUGE = png(20_000, 10_000, zlib.compress(bytes(20_000 * 3 + 1) * 100))


def problem_detail(answer: httpx2.Response, status: int) -> str:
    """The message of a problem document, which is one sentence."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status and problem["title"] and problem["type"]
    sentence: str = problem["detail"]
    assert sentence.endswith((".", "?")) and "\n" not in sentence and "Traceback" not in sentence
    return sentence


@pytest.fixture(autouse=True)
def works_afterwards(lance_client: httpx2.Client, query: bytes) -> Iterator[None]:
    """After every test of this module, a search still works."""
    yield
    assert len(lance_client.post("/search", content=query).json()["matches"]) == 10


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 422, "empty"),
        (b"some text", 422, "unsupported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "unsupported"),
        (b"\xff\xd8\xff", 422, "truncated"),
        (b"\x89PNG\r\n\x1a\n", 422, "truncated"),
        (BOMB, 422, "bomb"),
        (HUGE, 422, "bomb"),
        (png(100, 100, b"not compressed"), 422, "corrupt"),
    ],
    ids=["empty", "text", "svg", "jpeg-magic", "png-magic", "bomb", "200-megapixels", "corrupt"],
)
def test_content_that_is_not_an_image_is_rejected_with_the_reason(
    lance_client: httpx2.Client, body: bytes, status: int, reason: str
) -> None:
    answer = lance_client.post("/search", content=body)
    sentence = problem_detail(answer, status)
    problem = answer.json()
    assert problem["reason"] == problem["rejection"]["reason"] == reason
    assert problem["rejection"]["detail"] in sentence
    form = lance_client.post("/search", files={"image": ("a.jpg", body)})
    problem_detail(form, status)
    assert form.json()["reason"] == reason


@pytest.mark.parametrize("path", ["/search", "/search/batch"])
def test_a_compressed_body_is_refused(lance_client: httpx2.Client, query: bytes, path: str) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": BOUNDARY if "batch" in path else "image/jpeg"}
    answer = lance_client.post(path, content=gzip.compress(query), headers=headers)
    assert "compressed" in problem_detail(answer, 415) and answer.headers["Accept-Encoding"] == "identity"


def test_a_truncated_image_is_rejected(lance_client: httpx2.Client, query: bytes) -> None:
    answer = lance_client.post("/search", content=query[: len(query) // 2])
    problem_detail(answer, 422)
    assert answer.json()["reason"] == "truncated"


def test_as_many_matches_as_in_python_may_be_asked_for(lance_client: httpx2.Client, query: bytes) -> None:
    assert lance_client.post(f"/search?k={MOST_MATCHES}", content=query).status_code == 200
    assert "1000" in problem_detail(lance_client.post(f"/search?k={MOST_MATCHES + 1}", content=query), 400)


def pieces(megabytes: int) -> Iterator[bytes]:
    for _ in range(megabytes):
        yield bytes(2**20)


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_of_100_megabytes_is_too_large(lance_client: httpx2.Client, is_declared: bool) -> None:
    headers = {"Content-Length": str(100 * 2**20)} if is_declared else {}
    sentence = problem_detail(lance_client.post("/search", content=pieces(100), headers=headers), 413)
    assert "33,554,432 bytes" in sentence


def test_a_form_that_is_too_large_is_refused(lance_client: httpx2.Client) -> None:
    files = [("image", ("a.jpg", bytes(2**20)))] * 32
    problem_detail(lance_client.post("/search/batch", files=files), 413)


@pytest.mark.parametrize(
    "parameters",
    [
        *("k=0", "k=-1", "k=1000000000", "k=x", "k=", "k=1.5", "k=1&k=2", "k=99999999999999999999999999"),
        *("offset=-1", "offset=1001", "min_score=2", "min_score=nan", "min_score=inf", "min_score="),
        *("exact=2", "exact=", "exact=true&exact=true"),
        *("colour=red", "id=1", "uri=/etc/passwd", "_source=*", "metadata=x", "METADATA.a=x", "name.=a"),
        *("label=a&name=b", "label=" + "x" * 1001, "filter=year", "filter=year>=", "filter=", "label.size=1"),
        *(
            "metadata.a=1&metadata.a=2",
            "metadata.folder.min=a&metadata.folder.min=b",
            "metadata.folder.exists=1",
            "name=" + "x" * 1001,
            "metadata." + "k" * 999 + "=xx",
        ),
        *("metadata.=1", "metadata..min=1", "metadata.number.min=2&metadata.number.max=1", "label.min=b&label.max=a"),
        *("metadata.nubmer=1", "metadata.__proto__=1", "metadata.number=soon", "metadata.number=1&metadata.number=x"),
        *("&".join(["metadata.number=1"] * 3000), "&".join(f"metadata.k{number}=x" for number in range(3000))),
        "&".join(f"metadata.k{number}=x" for number in range(21)),
    ],
)
def test_an_invalid_parameter_is_refused(lance_client: httpx2.Client, query: bytes, parameters: str) -> None:
    problem_detail(lance_client.post(f"/search?{parameters}", content=query), 400)


@pytest.mark.parametrize("path", ["/search?id=" + "0" * 40 + "&", "/facets/number?", "/search/batch?"])
def test_a_filter_that_does_not_fit_is_refused_on_every_route(
    lance_client: httpx2.Client, stored: list[ImageRef], query: bytes, path: str
) -> None:
    path = path.replace("0" * 40, stored[0].id)
    files = {"image": ("a.jpg", query)}
    for filter, word in (("metadata.nubmer=1", "Did you mean number"), ("filter=number>=9&filter=number<9", "both")):
        url = f"{path}{filter.replace('>=9', '%3E%3D9').replace('<9', '%3C9')}"
        answer = lance_client.post(url, files=files) if "batch" in path else lance_client.get(url)
        assert word in problem_detail(answer, 400)


@pytest.mark.parametrize("size_bytes", [2**17, 2**20])
def test_an_address_or_a_head_that_is_too_long_is_said_to_be(lance_client: httpx2.Client, size_bytes: int) -> None:
    for path, headers, status, word in (
        ("/search?metadata.number=" + "1" * size_bytes, {}, 414, "fewer or shorter filters"),
        ("/fields", {"X-Long": "a" * size_bytes}, 431, "headers"),
    ):
        # Clients of higher levels refuse such an address themselves.
        connection = HTTPConnection(lance_client.base_url.host, lance_client.base_url.port, timeout=30)
        with closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            assert answer.status == status and word in json.load(answer)["detail"]


@pytest.mark.parametrize("parameters", ["", "id=a&uri=b", "id=a&id=b", "id=a&mode=mean", "id=" + "a" * 101])
def test_a_search_by_a_stored_image_needs_exactly_one_id_or_uri(lance_client: httpx2.Client, parameters: str) -> None:
    problem_detail(lance_client.get(f"/search?{parameters}"), 400)


@pytest.mark.parametrize(
    ("path", "content_type", "body", "status"),
    [
        ("/search", "multipart/form-data", b"x", 400),
        ("/search", "multipart/form-data; boundary=" + "b" * 300, b"x", 400),
        ("/search", BOUNDARY, b"", 400),
        ("/search", BOUNDARY, b"no form", 400),
        pytest.param("/search", BOUNDARY, b"no form" * 20_000, 400, id="no boundary"),
        pytest.param("/search", BOUNDARY, b"--b" * 50_000, 400, id="boundaries without end"),
        ("/search", BOUNDARY, b"--b--\r\n", 400),
        ("/search", BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\nhalf', 400),
        ("/search", BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n', 400),
        ("/search", BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\nx\r\n' * 2 + b"--b--", 400),
        ("/search", BOUNDARY, b"--b\r\n" + b"X: y\r\n" * 1000 + b"\r\nx\r\n--b--\r\n", 400),
        ("/search", BOUNDARY, b"--b\r\n\r\n\r\n" * 200 + b"--b--\r\n", 400),
        ("/search", "application/json", b'{"image": "x"}', 400),
        ("/search/batch", "image/jpeg", b"x", 415),
        ("/search/examples", "image/jpeg", b"x", 415),
        ("/search/examples?k=3", "application/json", b'{"examples": [{"text": "a"}]}', 400),
        ("/search/batch", "", b"", 415),
        ("/search/batch?mode=all", BOUNDARY, b"--b--\r\n", 400),
        ("/search/batch?mode=mean", BOUNDARY, b"--b--\r\n", 400),
    ],
)
def test_a_malformed_body_is_refused(
    lance_client: httpx2.Client, path: str, content_type: str, body: bytes, status: int
) -> None:
    problem_detail(lance_client.post(path, content=body, headers={"Content-Type": content_type}), status)


def test_a_batch_with_too_many_images_is_refused(lance_client: httpx2.Client) -> None:
    problem_detail(lance_client.post("/search/batch", files=[("image", ("a.jpg", b"x"))] * 33), 400)


@pytest.mark.parametrize(
    "path",
    [
        *("/nowhere", "/images/../../etc/passwd", "/images/..%2f..%2fetc%2fpasswd", "/page/../api/app.py"),
        *("/images/%2e%2e%2f%2e%2e/thumbnail", "/images//etc/passwd", "/images/%00", "/images/' OR '1'='1"),
        *("/images/" + "0" * 40, "/images/" + "0" * 40 + "/thumbnail", "/docs/../app.py", "/docs/..%2fcore.py"),
        *(
            "/page/..%2f..%2f..%2fetc%2fpasswd",
            "/page/%2e%2e/app.py",
            "/page//etc/passwd",
            "/jobs/../../x",
            "/jobs/%00",
        ),
    ],
)
def test_an_unknown_or_hostile_path_is_not_found(lance_client: httpx2.Client, path: str) -> None:
    assert status_of(lance_client, path) == 404


def status_of(client: httpx2.Client, path: str) -> int:
    """The status for exactly this path, which a client library would normalize."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=30) as connection:
        connection.sendall(
            f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"root:" not in answer
    return int(answer.split()[1])


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/search"), ("POST", "/jobs"), ("PUT", "/images/x")])
def test_an_unsupported_method_is_refused(lance_client: httpx2.Client, method: str, path: str) -> None:
    problem_detail(lance_client.request(method, path), 405)


def test_methods_that_clients_make_up_have_no_series_of_their_own(lance_client: httpx2.Client) -> None:
    problem_detail(lance_client.request("BREW", "/fields"), 405)
    metrics = lance_client.get("/metrics").text
    assert "BREW" not in metrics and 'method="other"' in metrics


def test_a_client_that_disconnects_during_an_upload_does_no_harm(lance_client: httpx2.Client) -> None:
    for _ in range(5):
        with socket.create_connection((lance_client.base_url.host, lance_client.base_url.port or 0)) as connection:
            connection.sendall(b"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nhalf")


def test_a_thousand_hostile_uploads_leak_no_memory(lance_client: httpx2.Client, query: bytes) -> None:
    bodies = hostile(query)

    def send(number: int) -> int:
        body = bodies[number % len(bodies)]
        if number % 3 == 0:
            return lance_client.post("/search", files={"image": ("a.jpg", body)}).status_code
        return lance_client.post("/search", content=body).status_code

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(send, range(200)))
        before = resident_bytes()
        statuses = list(threads.map(send, range(1000)))
    assert set(statuses) <= {200, 413, 422}
    assert statuses.count(422) > 800
    assert resident_bytes() - before < 60 * 2**20


def hostile(query: bytes) -> list[bytes]:
    """Mostly small bodies: truncated, corrupted, with a wrong header, or not an image at all."""
    cut = [query[: len(query) * part // 10] for part in range(10)]
    flipped = [query[:position] + b"\xff" * 40 + query[position + 40 :] for position in range(2, 400, 40)]
    wrong = [b"GIF89a" + bytes(100), b"RIFF\0\0\0\0WEBPVP8X" + b"\xff" * 30, b"BM" + bytes(60), b"II*\0" + b"\xff" * 60]
    others = [BOMB, HUGE, png(5, 5), b"%PDF-1.7", b"PK\x03\x04" + bytes(100), os.urandom(5000), b"\0" * 5000]
    return [*cut, *(body[:300] for body in flipped), *wrong, *others]


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_search_above_the_limit_gets_a_retry_after(
    lance: Settings, query: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on, embed = threading.Event(), Searcher.embed

    def held(searcher: Searcher, pixels: Pixels, frame: Frame) -> Embedded:
        going_on.wait()
        return embed(searcher, pixels, frame)

    limited = Settings(**{**lance.model_dump(), "max_searches": 1, "search_timeout_s": 60.0})
    with serving(limited) as client, ThreadPoolExecutor(1) as threads, ExitStack() as ending:
        monkeypatch.setattr(Searcher, "embed", held)
        ending.callback(going_on.set)
        running = threads.submit(client.post, "/search", content=query)
        await_true(lambda: "lookalike_searches_in_progress 1.0" in client.get("/metrics").text)
        refused = client.post("/search", content=query)
        problem_detail(refused, 503)
        assert int(refused.headers["Retry-After"]) > 0
        going_on.set()
        assert running.result().status_code == 200
        assert client.post("/search", content=query).status_code == 200


def test_a_search_that_takes_too_long_is_cancelled(lance: Settings, query: bytes) -> None:
    short = Settings(**{**lance.model_dump(), "search_timeout_s": 0.1})
    with serving(short) as client:
        answer = client.post("/search/batch", files=[("image", ("a.jpg", query))] * 32)
        assert "too long" in problem_detail(answer, 503)
        assert client.get("/health/live").status_code == 200


def test_an_upload_that_exceeds_the_memory_of_all_uploads_gets_a_retry_after(lance: Settings, query: bytes) -> None:
    small = Settings(**{**lance.model_dump(), "max_upload_bytes": 2**20})
    with serving(small) as client, ExitStack() as closing:
        # There is memory for four of the largest uploads; each of these five sends most of one and waits.
        start = b"POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n" + bytes(950_000)
        address = (client.base_url.host, client.base_url.port or 0)
        waiting = [closing.enter_context(socket.create_connection(address)) for _ in range(5)]
        for connection in waiting:
            connection.sendall(start)
        answered = await_true(lambda: select.select(waiting, [], [], 0)[0])
        assert len(answered) == 1
        assert answered[0].recv(12) == b"HTTP/1.1 503"
        closing.close()
        await_true(lambda: client.post("/search", content=query).status_code == 200)
