"""The client with a real service, and with stub servers."""

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from lookalike import factories
from lookalike.client import Client, Ready, ReadyIndex
from lookalike.errors import (
    AccessDenied,
    BadFilter,
    BadSetting,
    FilterRejected,
    ImageRejected,
    LookalikeError,
    QueryServiceUnavailable,
    RequestRejected,
)
from lookalike.filters import Filters
from lookalike.images import decode
from lookalike.records import ImageRef, Reason
from lookalike.settings import Settings
from testing.services.ports import free_port
from tests.api.service import serving
from tests.browser.stage import LABELS
from tests.library_variables import ALL, KEPT

KEY = "a key, häßlich"
#: Libraries of other programs, and slow ones, that importing the client must not import.
FOREIGN = {
    *("keras", "tensorflow", "openvino", "lancedb", "opensearchpy", "PIL", "numpy", "celery", "redis", "fastapi"),
    *("lookalike_api", "pydantic", "pydantic_settings"),
}

#: Status, headers and body of an answer.
Scripted = tuple[int, dict[str, str], str]
BUSY: Scripted = (503, {"Retry-After": "0"}, '{"status": 503, "detail": "The service is busy."}')
NO_LABELS: Scripted = (200, {}, '{"labels": [], "news": true}')


@pytest.fixture(scope="module")
def url(lance: Settings) -> Iterator[str]:
    """The URL of a service with an API key and small upload limit."""
    changes = {"api_key": SecretStr(KEY), "max_upload_bytes": 2**20}
    with serving(lance.model_copy(update=changes)) as http:
        yield str(http.base_url)


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Client]:
    with Client(url, KEY) as opened:
        yield opened


@contextmanager
def answering(*answers: Scripted) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these answers, the last one again and again; yields its URL and the requests it received."""
    seen: list[str] = []
    coming = chain(answers, repeat(answers[-1]))

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.path} {self.headers.get('Authorization')}")
            status, headers, body = next(coming)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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


@pytest.mark.parametrize("data", [b"", b"some text", b"\xff\xd8\xff"])
def test_the_service_rejects_an_image_with_the_same_error_as_local_code(
    client: Client, lance: Settings, data: bytes
) -> None:
    with pytest.raises(ImageRejected) as here:
        factories.decode(lance, data)
    with pytest.raises(ImageRejected) as there:
        client.search(data)
    assert there.value.args == here.value.args


def test_a_refused_request_raises_the_sentence_of_the_service(client: Client, query: bytes) -> None:
    for status, said, ask in (
        (400, "k: ", lambda: client.search(query, k=0)),
        (404, "does not contain image", lambda: client.search(id="0" * 40)),
        (404, "no such job", lambda: client.job("unknown")),
        (413, "at most 1,048,576 bytes", lambda: client.search(bytes(2**20 + 1))),
    ):
        with pytest.raises(RequestRejected, match=said) as refused:
            ask()
        assert refused.value.status == status


@pytest.mark.parametrize("id", ["..", "../labels", "x?k=1", "x#y", "%2e%2e", "\r\nX-Y: z"])
def test_an_id_is_one_segment_of_the_path_whatever_it_contains(client: Client, id: str) -> None:
    for ask in (client.image, client.thumbnail, client.job, client.failed):
        with pytest.raises(RequestRejected) as refused:
            ask(id)
        assert refused.value.status == 404


@pytest.mark.parametrize("field", ["id", "k", "mode", "include_self", "filter", ""])
def test_a_filter_cannot_set_another_parameter(client: Client, stored: list[ImageRef], field: str) -> None:
    with pytest.raises((RequestRejected, BadSetting), match=r"no metadata field|filter on"):
        client.search(id=stored[0].id, filters={field: "x"})


def test_every_filter_reaches_the_service(client: Client, query: bytes, stored: list[ImageRef]) -> None:
    def found(filters: Filters) -> set[str]:
        return {match.uri for match in client.search(query, k=24, filters=filters).matches}

    every = {match.uri: match.metadata for match in client.search(query, k=24).matches}
    numbers = {uri: int(str(metadata["number"])) for uri, metadata in every.items()}
    assert found({"uri": stored[0].uri}) == {stored[0].uri}
    assert found(["number>=5", "number<9", "tags!=t0"]) == {u for u, n in numbers.items() if 5 <= n < 9 and n % 3}
    assert found(["tags=t1", "tags=all"]) == {uri for uri, number in numbers.items() if number % 3 == 1}
    assert found({"number": [1, 2], "is_even": True}) == {uri for uri, number in numbers.items() if number == 2}
    assert found(["number missing"]) == set()
    for wrong, said in ((["number=many"], "number is an integer"), (["number>5", "number<5"], "No image has both")):
        with pytest.raises(FilterRejected, match=said) as error:
            found(wrong)
        # What an index of this machine raises, and what the service refuses.
        assert isinstance(error.value, BadFilter) and isinstance(error.value, RequestRejected)


@pytest.mark.parametrize("filters", [{"folder": "x" * 2**20}, {"number": range(101)}, ["number>1"] * 21])
def test_more_filters_than_the_service_accepts_are_refused(
    client: Client, stored: list[ImageRef], filters: Any
) -> None:
    for ask in (
        lambda: client.search(id=stored[0].id, filters=filters),
        lambda: client.facet("number", filters=filters),
    ):
        with pytest.raises(BadFilter, match=r"At most|characters"):
            ask()


def test_fields_and_facets_are_read(client: Client) -> None:
    assert {field.name: field.type for field in client.fields()}["tags"] == "keyword[]"
    facet = client.facet("number", limit=3, filters=["number>=4", "number<8"])
    assert (facet.type, len(facet.values), facet.greatest) == ("integer", 3, 7)
    assert {item.value for item in client.facet("is_even").values} == {True, False}
    with pytest.raises(BadFilter, match="no metadata field"):
        client.facet("x?limit=1")


def test_label_and_name_are_one_filter(client: Client, query: bytes) -> None:
    with pytest.raises(BadSetting, match="are the same field"):
        client.search(query, filters={"label": "a", "name": "b"})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"detail": "Any sentence.", "rejection": {"reason": "bomb", "detail": "9 pixels"}', "9 pixels"),
        ('{"detail": "The image is rejected as bomb: 9 pixels."', "9 pixels"),
        ('{"detail": "The image is rejected as bomb."', ""),
    ],
    ids=["fields", "older-service", "older-service-without-detail"],
)
def test_a_rejection_is_read_from_fields_and_from_the_sentence_of_an_older_service(body: str, detail: str) -> None:
    with answering((422, {}, body + ', "status": 422, "reason": "bomb"}')) as (url, _), Client(url) as client:
        with pytest.raises(ImageRejected) as rejected:
            client.labels()
        assert rejected.value.args == (Reason.BOMB, detail)


def test_a_search_needs_exactly_one_query(client: Client, query: bytes) -> None:
    for given in ({}, {"image": query, "id": "x"}, {"id": "x", "uri": "/x"}):
        with pytest.raises(BadSetting, match="exactly one"):
            client.search(**given)


@pytest.mark.parametrize("uri", ["\udcff", "x" * 70_000])
def test_a_value_that_fits_no_url_is_refused(client: Client, uri: str) -> None:
    with pytest.raises(BadSetting, match="URL"):
        client.search(uri=uri)


@pytest.mark.parametrize(("key", "said"), [(None, "requires an API key"), ("another secret", "rejects the API key")])
def test_without_the_key_access_is_denied(url: str, key: str | None, said: str) -> None:
    with Client(url, key) as client, pytest.raises(AccessDenied, match=said):
        client.labels()


def test_a_refusal_that_is_not_about_the_key_is_repeated() -> None:
    body = '{"status": 403, "detail": "Only the user that runs it."}'
    refused = pytest.raises(AccessDenied, match=r"refuses: Only the user that runs it\.$")
    with answering((403, {}, body)) as (url, _), Client(url) as client, refused:
        client.labels()


def test_the_key_is_in_no_message_log_or_repr(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for key in (KEY, "another secret"):
        with Client(url, key) as client:
            try:
                client.labels()
            except LookalikeError as error:
                assert "secret" not in str(error) and "secret" not in repr(error)
            assert key not in repr(client) and key not in repr(vars(client))
    assert caplog.text and "secret" not in caplog.text and "key," not in caplog.text


def test_a_redirect_is_not_followed() -> None:
    with answering(NO_LABELS) as (elsewhere, seen):
        moved: Scripted = (307, {"Location": f"{elsewhere}/labels"}, "")
        with answering(moved) as (url, _), Client(url, "secret") as client, pytest.raises(BadSetting, match="307"):
            client.labels()
    assert seen == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_request_to_a_busy_service_is_repeated(times: int) -> None:
    with answering(*[BUSY] * times, NO_LABELS) as (url, seen), Client(url, "secret") as client:
        assert client.labels() == ()
        assert seen == ["/labels Bearer secret"] * (times + 1)


def test_retries_end_when_the_service_stays_busy() -> None:
    with answering(BUSY) as (url, seen), Client(url) as client:
        with pytest.raises(QueryServiceUnavailable, match=f"{url} is not available: The service is busy"):
            client.labels()
        assert len(seen) == 3
        with pytest.raises(QueryServiceUnavailable):
            client.ready()
        assert len(seen) == 4


def test_a_retry_waits_as_long_as_the_service_asks() -> None:
    with answering((503, {"Retry-After": "1"}, ""), NO_LABELS) as (url, _), Client(url) as client:
        began = time.monotonic()
        client.labels()
        assert time.monotonic() - began >= 1


@pytest.mark.parametrize("after", ["3600", "-1", "nan", "Wed, 21 Oct 2065 07:28:00 GMT", ""])
def test_a_long_or_invalid_retry_after_means_no_retry(after: str) -> None:
    with answering((503, {"Retry-After": after}, "<html>")) as (url, seen), Client(url) as client:
        with pytest.raises(QueryServiceUnavailable, match="HTTP 503"):
            client.labels()
        assert len(seen) == 1


@pytest.mark.parametrize(
    "answer",
    [(200, {}, "<html>"), (200, {}, "[]"), (200, {}, '{"labels": [{"name": 3}]}'), (404, {}, "{}"), (500, {}, "")],
)
def test_a_server_that_is_not_the_query_service_is_recognized(answer: Scripted) -> None:
    with answering(answer) as (url, _), Client(url) as client:
        with pytest.raises(BadSetting, match=f"{url} is not the query service.*{answer[0]}"):
            client.labels()
        with pytest.raises(BadSetting, match="not the query service"):
            client.image("x")


def test_a_message_cannot_control_the_terminal() -> None:
    with answering((400, {}, r'{"status": 400, "detail": "a\u001b[2J\nb"}')) as (url, _), Client(url) as client:
        with pytest.raises(RequestRejected) as refused:
            client.labels()
        assert str(refused.value) == "a\\x1b[2J b"


def test_an_unreachable_service_is_reported_with_its_address() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url) as client, pytest.raises(QueryServiceUnavailable, match=f"{url} is not available: .*refused"):
        client.labels()


def test_a_service_that_never_answers_times_out() -> None:
    began = time.monotonic()
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent,
        Client(f"http://127.0.0.1:{silent.server_port}", timeout_s=0.2) as client,
        pytest.raises(QueryServiceUnavailable, match="in time"),
    ):
        client.labels()
    assert time.monotonic() - began < 10


def test_requests_to_this_machine_use_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with answering(NO_LABELS) as (url, _), Client(url) as client:
        assert client.labels() == ()


@pytest.mark.parametrize(
    "url",
    [
        *("", "h:80", "ftp://h", "http://", "http://[bad", "http://h:99999", "http://ä..secret"),
        *("https://u:secret@h", "http://h?x=secret", "http://h#secret"),
    ],
)
def test_an_invalid_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadSetting, match="URL of the query service") as error:
        Client(url, "key")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("url", ["http://example.invalid", "HTTP://192.0.2.1:8000"])
def test_a_key_is_not_sent_unencrypted_over_a_network(url: str) -> None:
    with pytest.raises(BadSetting, match="unencrypted") as error:
        Client(url, "secret")
    assert "secret" not in str(error.value)
    Client(url, "secret", insecure=True).close()
    Client(url).close()


@pytest.mark.parametrize("key", ["", "secret\n", "secret\r\nX: y", " secret", "secret "])
def test_a_key_that_fits_no_header_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(BadSetting, match="API key") as error:
        Client("http://localhost", key)
    assert "secret" not in str(error.value)


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"gone\.pem"):
        Client("https://h", ca_certs=str(tmp_path / "gone.pem"))


def test_importing_the_client_imports_no_library_of_the_service() -> None:
    code = f"import sys, lookalike.client; print(sorted({FOREIGN} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ALL_PROXY": "socks5://user:hunter2@127.0.0.1:1"}, "SOCKS"),
        ({"HTTPS_PROXY": "ftp://user:hunter2@127.0.0.1"}, "not the URL of a proxy"),
        ({"HTTPS_PROXY": "http://user:hunter2@[::1"}, "not the URL of a proxy"),
        ({"SSL_CERT_FILE": "/no/such.pem"}, "SSL_CERT_FILE"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_the_environment_names_and_cannot_be_used_is_said(
    environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=said) as refused:
        Client("https://search.example")
    assert "hunter2" not in str(refused.value)


def test_this_machine_is_reached_without_the_proxy_of_the_environment(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (ALL | KEPT | {"SSL_CERT_FILE": "/no/such.pem"}).items():
        monkeypatch.setenv(name, value)
    with Client(client.address) as another:
        assert another.ready().index.documents > 0
