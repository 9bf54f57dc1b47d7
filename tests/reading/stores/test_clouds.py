"""Objects of Google Cloud Storage and of Azure are read with their reasons, as those of S3 are."""

import asyncio
import time
import traceback
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web

from lookalike.errors import (
    HostUnavailable,
    ImageRejected,
    LookalikeError,
    SourceMissing,
    SourceUnavailable,
)
from lookalike.reading.allowance import Allowance, Flight, current
from lookalike.reading.stores import cloud
from lookalike.reading.stores.place import StorePlace
from lookalike.records import Reason, Span
from lookalike_producer.sources import find_images
from testing.services.cloud_stub import ACCOUNT, PAGE_KEYS, CloudStub, error
from testing.services.tls import Authority
from testing.services.web import Answer, Request, WebServer
from tests.reading.stores.asking import fetch, fetch_unless, look, problem
from tests.stores import use_no_store

KEYS = ["a.jpg", "cats/1.jpg", "cats/50% ü#?.jpg", "cats/deep/2.jpg", "cats-old/3.jpg", "empty/", "none.jpg", "z.jpg"]
OBJECTS = {key: b"" if key in ("empty/", "none.jpg") else key.encode() for key in KEYS}
SECRET = "c2VjcmV0"
#: Without these obstore takes no answer.
OBJECT_HEADERS = {"ETag": '"1"', "Last-Modified": formatdate(0, usegmt=True)}


@pytest.fixture
def stub() -> Iterator[CloudStub]:
    with CloudStub(OBJECTS) as stub:
        yield stub


@pytest.fixture(params=["gs", "az"])
def bucket(request: pytest.FixtureRequest, stub: CloudStub, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the bucket, and the variables with which programs find it."""
    use_no_store(monkeypatch)
    monkeypatch.setenv("GOOGLE_BASE_URL", stub.url)
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", SECRET)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"{stub.url}/{ACCOUNT}")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", SECRET)
    return f"{request.param}://shop"


def test_objects_are_read_whole_and_in_parts(bucket: str) -> None:
    for key in KEYS[:5]:
        fetched = fetch(f"{bucket}/{key}")
        assert fetched.data == key.encode()
        assert fetched.etag == look(f"{bucket}/{key}").etag == str(len(key.encode()))
        assert look(f"{bucket}/{key}").size_bytes == len(key.encode())
    assert fetch(f"{bucket}/cats/1.jpg", Span(5, 3)).data == b"1.j"


@pytest.mark.parametrize("knows_conditions", [True, False])
def test_an_object_that_is_known_is_not_sent_or_not_read(bucket: str, stub: CloudStub, knows_conditions: bool) -> None:
    stub.knows_conditions = knows_conditions
    etag = fetch(f"{bucket}/a.jpg").etag
    assert fetch_unless(f"{bucket}/a.jpg", etag) is None
    fetched = fetch_unless(f"{bucket}/a.jpg", "other")
    assert fetched is not None and fetched.data == b"a.jpg"


def test_prefixes_globs_and_keys_are_sources(bucket: str) -> None:
    def found(source: str) -> list[str]:
        return sorted(ref.uri.removeprefix(f"{bucket}/") for ref in find_images([f"{bucket}{source}"]))

    assert found("") == found("/") == sorted(key for key in KEYS if key != "empty/")
    assert found("/cats") == ["cats/1.jpg", "cats/50% ü#?.jpg", "cats/deep/2.jpg"]
    assert found("/cats/1.jpg") == ["cats/1.jpg"]
    assert found("/c*/[13].jpg") == ["cats-old/3.jpg", "cats/1.jpg"]
    assert {ref.label for ref in find_images([f"{bucket}/cats/"])} == {"cats", "deep"}
    for source, what in (("/dogs", "No key of"), ("/cat", "keys that begin so"), ("/*.gif", "Nothing matches")):
        with pytest.raises(SourceMissing, match=what):
            find_images([bucket + source])
    with pytest.raises(SourceMissing, match="no such bucket"):
        find_images([f"{bucket}-other"])


ANSWERS = [
    (404, "", Reason.NOT_FOUND),
    (404, "NoSuchBucket", Reason.NOT_FOUND),
    (404, "ContainerNotFound", Reason.NOT_FOUND),
    (401, "", Reason.FORBIDDEN),
    (403, "AccessDenied", Reason.FORBIDDEN),
    (403, "AuthenticationFailed", Reason.FORBIDDEN),
    (409, "BlobArchived", Reason.UNREADABLE),
    (409, "BlobUsesCustomerSpecifiedEncryption", Reason.UNREADABLE),
    (400, "UserProjectMissing", Reason.FORBIDDEN),
    (416, "InvalidRange", Reason.CHANGED),
    (400, "SomethingNew", Reason.UNREADABLE),
]


@pytest.mark.parametrize(("status", "code", "reason"), ANSWERS)
def test_what_the_store_says_is_the_reason(
    status: int, code: str, reason: Reason, bucket: str, stub: CloudStub
) -> None:
    stub.fault = lambda request: error(status, code)
    said = problem(f"{bucket}/a.jpg")
    assert isinstance(said, ImageRejected) and said.reason is reason
    assert (code or f"HTTP {status}") in str(said)
    # A text of a library holds addresses, which may be signed.
    assert "secret" not in str(said) and SECRET not in str(said) and "127.0.0.1" not in str(said)


def test_an_object_that_drips_is_left_soon(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "PACE_S", 0.3)
    with WebServer() as server:
        monkeypatch.setenv("GOOGLE_BASE_URL", server.url)
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"{server.url}/{ACCOUNT}")
        for path in ("/shop/a.jpg", f"/{ACCOUNT}/shop/a.jpg"):
            server.put(path, drip_object)
        begun = time.monotonic()
        error = problem(f"{bucket}/a.jpg")
    assert isinstance(error, HostUnavailable | SourceUnavailable), error
    assert "fewer than 1000 bytes a second" in str(error) and time.monotonic() - begun < 30


async def drip_object(request: Request, writer: asyncio.StreamWriter) -> None:
    header = {"Content-Length": "5000", **OBJECT_HEADERS}
    lines = "".join(f"{name}: {value}\r\n" for name, value in header.items())
    writer.write(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode())
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


class Pieces(Allowance):
    """Counts the pieces that come."""

    def __init__(self) -> None:
        super().__init__(10**9)
        self.sizes: list[int] = []

    async def grow(self, flight: Flight, count: int) -> None:
        self.sizes.append(count)
        await super().grow(flight, count)


def test_a_large_object_shows_that_it_comes(bucket: str, stub: CloudStub) -> None:
    """Its pieces are not gathered to megabytes: meanwhile it would count as one of which nothing comes."""
    stub.fault = lambda request: web.Response(body=bytes(2_000_000), headers=OBJECT_HEADERS)
    pieces = Pieces()

    async def ask() -> None:
        flight = Flight(f"{bucket}/large.jpg")
        pieces.begin(flight)
        current.set((pieces, flight))
        await StorePlace(10**7).fetch(flight.at)

    asyncio.run(ask())
    assert sum(pieces.sizes) == 2_000_000 and max(pieces.sizes) < 1_000_000


@pytest.mark.parametrize(("status", "code"), [(503, "ServerBusy"), (500, ""), (429, "")])
def test_one_object_that_fails_is_not_the_store(status: int, code: str, bucket: str, stub: CloudStub) -> None:
    stub.fault = lambda request: error(status, code) if request.path.endswith("a.jpg") else None
    assert isinstance(problem(f"{bucket}/a.jpg"), HostUnavailable)
    stub.fault = lambda request: error(status, code)
    away = problem(f"{bucket}/a.jpg")
    assert isinstance(away, SourceUnavailable) and "secret" not in str(away)


def test_a_moment_of_weakness_costs_nothing(bucket: str, stub: CloudStub) -> None:
    left = [error(503), error(503)]
    stub.fault = lambda request: left.pop() if left else None
    assert fetch(f"{bucket}/a.jpg").data == b"a.jpg"
    left = [error(500), error(500)]
    assert len(list(find_images([f"{bucket}/cats"]))) == 3


def test_bytes_are_counted(bucket: str, stub: CloudStub) -> None:
    said = problem(f"{bucket}/cats/1.jpg", max_bytes=3)
    assert isinstance(said, ImageRejected) and said.reason is Reason.TOO_LARGE
    stub.fault = lambda request: web.Response(
        body=b"", headers={"ETag": "1", "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT"}
    )
    said = problem(f"{bucket}/a.jpg")
    assert isinstance(said, ImageRejected) and said.reason is Reason.EMPTY


def test_a_listing_that_breaks_off_continues_where_it_was(bucket: str, stub: CloudStub) -> None:
    left = [error(503), error(500)]

    def fault(request: web.BaseRequest) -> web.Response | None:
        is_second = {"continuation-token", "marker", "start-after"} & set(request.query)
        return left.pop() if left and is_second else None

    stub.fault = fault
    found = [ref.uri for ref in find_images([bucket])]
    assert left == [] and len(found) == len(set(found)) == len(KEYS) - 1


@pytest.mark.parametrize("key", ["/a.jpg", "a//b.jpg", "a.jpg/", "./a.jpg", "tab\t.jpg"])
def test_a_key_that_the_library_takes_for_another_is_not_asked_for(key: str, bucket: str, stub: CloudStub) -> None:
    said = problem(f"{bucket}/{key}")
    assert isinstance(said, ImageRejected) and said.reason is Reason.BAD_URI
    assert stub.asked == []


def test_a_listing_with_a_key_that_the_library_refuses_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, bucket: str
) -> None:
    with CloudStub({"a.jpg": b"x", "b//c.jpg": b"x"}) as odd:
        monkeypatch.setenv("GOOGLE_BASE_URL", odd.url)
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"{odd.url}/{ACCOUNT}")
        with pytest.raises(LookalikeError) as broken:
            list(find_images([bucket]))
    assert "such a key cannot be read ('b//c.jpg')" in str(broken.value) and len(str(broken.value).splitlines()) == 2


def test_a_listing_that_begins_again_ends(bucket: str, stub: CloudStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.reading.stores.cloud.PAGE_KEYS", PAGE_KEYS)
    stub.begins_again = True
    with pytest.raises(LookalikeError, match="no end"):
        list(find_images([f"{bucket}/"]))


def test_over_tls_no_redirect_leads_to_plain_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What speaks for a machine inside a network, such as the metadata of a cloud, speaks plain HTTP."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    with WebServer(tls=authority.server("127.0.0.1")) as store, WebServer("127.0.0.2") as inner:
        monkeypatch.setenv("GOOGLE_BASE_URL", store.url)
        store.put("/shop/a.jpg", Answer(b"content"))
        assert fetch("gs://shop/a.jpg").data == b"content"
        for status in (301, 302, 303, 307, 308):
            store.put("/shop/b.jpg", Answer(b"", status, extra={"Location": inner.put("/secret", b"secret")}))
            problem("gs://shop/b.jpg")
        assert not inner.requests


def test_requests_carry_credentials_only_if_there_are_some(
    bucket: str, stub: CloudStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(f"{bucket}/a.jpg")
    assert "Authorization" in stub.asked[-1].headers
    for name in ("GOOGLE_SKIP_SIGNATURE", "AZURE_SKIP_SIGNATURE"):
        monkeypatch.setenv(name, "true")
    fetch(f"{bucket}/a.jpg")
    assert "Authorization" not in stub.asked[-1].headers


def test_a_machine_whose_role_gives_no_credentials_for_a_while_asks_for_nothing_without_them(
    stub: CloudStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_no_store(monkeypatch)
    monkeypatch.setenv("GOOGLE_BASE_URL", stub.url)
    monkeypatch.setenv("HOME", "/nonexistent")
    token = b'{"access_token": "token", "expires_in": 1, "token_type": "Bearer"}'
    role = "/computeMetadata/v1/instance/service-accounts/default/token"

    async def ask() -> None:
        place = StorePlace(10_000)
        assert (await place.fetch("gs://shop/a.jpg")).data == b"a.jpg"
        metadata.put(role, Answer(b"busy", 503, "text/plain"))
        await asyncio.sleep(1)  # The token has expired then.
        with pytest.raises(SourceUnavailable, match="have expired"):
            await place.fetch("gs://shop/a.jpg")
        metadata.put(role, token)
        assert (await place.fetch("gs://shop/a.jpg")).data == b"a.jpg"
        await place.close()

    with WebServer() as metadata:
        monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{metadata.port}")
        metadata.put(role, token)
        asyncio.run(ask())
    assert all(request.headers["Authorization"] == "Bearer token" for request in stub.asked)


def test_what_a_store_answers_and_a_signed_address_are_in_no_traceback(
    stub: CloudStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_no_store(monkeypatch)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"{stub.url}/{ACCOUNT}")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", f"sv=2024-01-01&sig={SECRET}")
    stub.fault = lambda request: error(403, "AuthenticationFailed")
    text = "".join(traceback.format_exception(problem("az://shop/a.jpg")))
    assert SECRET in stub.asked[-1].query_string
    assert "AuthenticationFailed" in text and SECRET not in text and "secret" not in text


def test_a_connection_string_has_all_that_azure_needs(stub: CloudStub, monkeypatch: pytest.MonkeyPatch) -> None:
    use_no_store(monkeypatch)
    text = f"AccountName={ACCOUNT};AccountKey={SECRET};BlobEndpoint={stub.url}/{ACCOUNT};EndpointSuffix=x"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    assert fetch("az://shop/a.jpg").data == b"a.jpg"


def test_settings_that_cannot_be_used_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(source: str, **variables: str) -> str:
        use_no_store(monkeypatch)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(LookalikeError) as refused:
            find_images([source])
        assert len(str(refused.value).splitlines()) == 2 and SECRET not in str(refused.value)
        return str(refused.value)

    assert "AZURE_STORAGE_ACCOUNT_NAME" in said("az://shop")
    assert "unencrypted" in said("gs://shop", GOOGLE_BASE_URL="http://10.0.0.1", GOOGLE_BEARER_TOKEN=SECRET)
    assert "GOOGLE_APPLICATION_CREDENTIALS" in said("gs://shop", GOOGLE_APPLICATION_CREDENTIALS="/nonexistent/key.json")
    key = {"AZURE_STORAGE_ACCOUNT_NAME": "shop", "AZURE_STORAGE_ACCOUNT_KEY": "no base 64 %"}
    assert "AZURE_STORAGE_ACCOUNT_KEY" in said("az://shop", **key)
