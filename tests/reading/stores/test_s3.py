"""Objects of S3 are read under the very key that they have, and each failure has its reason."""

import asyncio
import json
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import BadSetting, HostUnavailable, ImageRejected, LookalikeError, SourceUnavailable
from lookalike.reading.arrivals import Delayed, Wanted
from lookalike.reading.contract import MAX_AROUND
from lookalike.reading.reader import Reader
from lookalike.reading.stores import retrying
from lookalike.reading.stores.listing import Listing
from lookalike.reading.stores.location import Location, location_of
from lookalike.reading.stores.place import StorePlace
from lookalike.reading.stores.problems import ADDRESS_OF, Kind, StoreProblem, StoreUnavailable, about_source
from lookalike.records import ImageRef, Reason, Span
from lookalike.settings import read_settings
from testing.processes import await_true
from testing.services.key_server import KeyServer
from testing.services.s3 import Asked, Fault, S3Proxy, S3Server
from testing.services.web import WebServer
from tests.reading.stores.asking import fetch, fetch_all, fetch_unless, look, looked, problem
from tests.stores import use_s3

#: moto has all of these; the ones with line breaks are those of a server of ours.
ODD_KEYS = [
    *("a.jpg", "a/b.jpg", "/a.jpg", "a//b.jpg", "./a.jpg", "sp ace/ü é.jpg", "50%.jpg", "50%25.jpg", "a+b.jpg"),
    *("h#ash/q?x=1&y.jpg", "star*.jpg", "[br].jpg", "back\\slash.jpg", '~^`{}|<>".jpg', "tab\t.jpg", "\x7f.jpg"),
    *("😀.jpg", "e\u0301.jpg", "\u00e9.jpg", "a;b=c,d:e@f.jpg", "k" * 1024),
]
BROKEN_KEYS = [
    "line\nbreak.jpg",
    "cr\r.jpg",
    "\x01\x1f.jpg",
    "nul\x00.jpg",
    "&amp;<Key>.jpg",
    "\u2028.jpg",
    "\ufffe.jpg",
]


def reason(error: LookalikeError) -> Reason:
    assert isinstance(error, ImageRejected), repr(error)
    return error.reason


def test_each_key_has_one_uri_that_reads_this_very_key(s3: S3Server) -> None:
    bucket = s3.bucket("odd", {key: key.encode() for key in ODD_KEYS})
    uris = [location_of(f"{bucket}/").at(key).uri for key in ODD_KEYS]
    assert [location_of(uri).key for uri in uris] == ODD_KEYS
    assert [fetched.data for fetched in fetch_all(uris)] == [key.encode() for key in ODD_KEYS]
    assert [look(uri).size_bytes for uri in uris] == [len(key.encode()) for key in ODD_KEYS]


def test_keys_that_no_xml_holds_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with KeyServer.of(BROKEN_KEYS) as server:
        use_s3(monkeypatch, server.url)
        assert [one.data for one in fetch_all([f"s3://bucket/{key}" for key in BROKEN_KEYS])] == [b"x"] * 7
        assert reason(problem("s3://bucket/line")) is Reason.NOT_FOUND


def test_an_etag_is_the_same_in_every_answer_and_changes_with_the_content(s3: S3Server) -> None:
    uri = s3.bucket("one", {"a.jpg": b"first"}) + "/a.jpg"
    first = fetch(uri)
    assert first.data == b"first"
    assert first.etag and first.etag == look(uri).etag == fetch(uri, Span(0, 2)).etag
    s3.client().put_object(Bucket="one", Key="a.jpg", Body=b"other")
    assert look(uri).etag not in ("", first.etag)


def test_an_object_that_is_known_takes_one_request_and_no_bytes(s3: S3Server, s3_proxy: S3Proxy) -> None:
    uri = s3.bucket("one", {"a.jpg": b"first"}) + "/a.jpg"
    etag = fetch(uri).etag
    s3_proxy.asked.clear()
    assert fetch_unless(uri, etag) is None
    assert [asked.method for asked in s3_proxy.asked] == ["GET"]
    for other in ("0" * 32, "", 'a"b', "ä", "line\n"):
        fetched = fetch_unless(uri, other)
        assert fetched is not None and fetched == fetch(uri)
    s3.client().put_object(Bucket="one", Key="a.jpg", Body=b"other")
    fetched = fetch_unless(uri, etag)
    assert fetched is not None and (fetched.data, fetched.etag) == (b"other", look(uri).etag)
    s3.client().delete_object(Bucket="one", Key="a.jpg")
    with pytest.raises(ImageRejected, match="not_found"):
        fetch_unless(uri, etag)


def test_a_304_that_nobody_asked_for_is_a_reason_of_its_own(s3: S3Server, s3_proxy: S3Proxy) -> None:
    uri = s3.bucket("one", ["a.jpg"]) + "/a.jpg"
    s3_proxy.faults = [Fault(status=304)]
    for error in (problem(uri), looked(uri)):
        assert reason(error) is Reason.UNREADABLE and "although it was not asked" in str(error)


def test_a_span_is_a_part_of_an_object(s3: S3Server) -> None:
    uri = s3.bucket("one", {"a.tar": b"0123456789"}) + "/a.tar"
    assert fetch(uri, Span(2, 3)).data == b"234"
    assert fetch(uri, Span(8, 5)).data == b"89"
    assert reason(problem(uri, Span(10, 5))) is Reason.CHANGED
    assert fetch(uri, Span(0, 6), max_bytes=5).data == b"012345", "a member has headers around it"
    assert reason(problem(uri, Span(0, 6 + MAX_AROUND), max_bytes=5)) is Reason.TOO_LARGE


def test_bytes_are_counted(s3: S3Server) -> None:
    bucket = s3.bucket("one", {"empty.jpg": b"", "fits.jpg": b"x" * 100, "large.jpg": b"x" * 101})
    assert len(fetch(f"{bucket}/fits.jpg", max_bytes=100).data) == 100
    assert str(problem(f"{bucket}/large.jpg", max_bytes=100)) == "too_large: 101 bytes; at most 100 are read"
    assert reason(problem(f"{bucket}/empty.jpg")) is Reason.EMPTY
    # An archive may be larger than any image.
    assert look(f"{bucket}/large.jpg").size_bytes == 101


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("s3://one", "no object in it"),
        ("s3://one/", "no object in it"),
        ("s3://user:secret@one/a.jpg", "credentials"),
        ("s3:///a.jpg", "no valid name"),
        ("s3://evil.example/../a.jpg", "'..'"),
        ("s3://a%2fb/a.jpg", "no valid name"),
        ("s3://one\\.evil.example/a.jpg", "no valid name"),
        ("s3://one?x/a.jpg", "no valid name"),
        (f"s3://one/{'x' * 1025}", "1025 bytes"),
        (f"s3://one/{'ü' * 513}", "1026 bytes"),
        ("s3://one/\udcff.jpg", "UTF-8"),
    ],
)
def test_an_address_that_names_no_object_is_sent_nowhere(uri: str, why: str, s3_proxy: S3Proxy) -> None:
    for error in (problem(uri), looked(uri)):
        assert reason(error) is Reason.BAD_URI
        assert why in str(error) and "secret" not in str(error)
    assert s3_proxy.asked == []


def test_an_object_outside_the_roots_is_not_asked_for(s3: S3Server, s3_proxy: S3Proxy, tmp_path: Path) -> None:
    s3.bucket("one", ["pics/a.jpg", "other/a.jpg"])
    reader = Reader(read_settings(home=tmp_path, roots=("/", "s3://one/pics/")))
    assert reader.read("s3://one/pics/a.jpg") == b"x"
    s3_proxy.asked.clear()
    for uri in ("s3://one/other/a.jpg", "s3://two/pics/a.jpg", "gs://one/pics/a.jpg", "s3://one/pics/./a.jpg"):
        for read in (reader.read, reader.state):
            with pytest.raises(ImageRejected) as rejected:
                read(uri)
            assert rejected.value.reason is Reason.OUTSIDE_ROOT
    reader.close()
    assert s3_proxy.asked == []


ANSWERS: list[tuple[int, str, str, Reason]] = [
    (404, "NoSuchKey", "", Reason.NOT_FOUND),
    (404, "NoSuchBucket", "", Reason.NOT_FOUND),
    (404, "", "", Reason.NOT_FOUND),
    (405, "MethodNotAllowed", "", Reason.NOT_FOUND),
    (403, "AccessDenied", "", Reason.FORBIDDEN),
    (403, "", "", Reason.FORBIDDEN),
    (403, "InvalidAccessKeyId", "<AWSAccessKeyId>test</AWSAccessKeyId>", Reason.FORBIDDEN),
    (403, "SignatureDoesNotMatch", "", Reason.FORBIDDEN),
    (403, "RequestTimeTooSkewed", "", Reason.FORBIDDEN),
    (403, "AllAccessDisabled", "", Reason.FORBIDDEN),
    (401, "", "", Reason.FORBIDDEN),
    (403, "InvalidObjectState", "<StorageClass>GLACIER</StorageClass>", Reason.UNREADABLE),
    (
        400,
        "InvalidRequest",
        "<Message>Server Side Encryption with a Customer provided key</Message>",
        Reason.UNREADABLE,
    ),
    (400, "KMS.DisabledException", "", Reason.UNREADABLE),
    (400, "KMS.KMSInvalidStateException", "", Reason.UNREADABLE),
    (403, "KMS.AccessDeniedException", "", Reason.FORBIDDEN),
    (400, "KeyTooLongError", "", Reason.BAD_URI),
    (400, "XMinioInvalidObjectName", "", Reason.BAD_URI),
    (400, "SomethingNew", "", Reason.UNREADABLE),
    (418, "", "", Reason.UNREADABLE),
    (301, "PermanentRedirect", "<Endpoint>evil.example</Endpoint>", Reason.FORBIDDEN),
    (302, "", "", Reason.UNREADABLE),
]


@pytest.mark.parametrize(("status", "code", "detail", "expected"), ANSWERS)
def test_what_the_store_says_is_the_reason(
    status: int, code: str, detail: str, expected: Reason, s3: S3Server, s3_proxy: S3Proxy
) -> None:
    uri = s3.bucket("one", ["a.jpg"]) + "/a.jpg"
    s3_proxy.faults = [Fault(status=status, code=code, detail=detail, headers={"Location": "http://127.0.0.1:1/"})]
    error = problem(uri)
    assert reason(error) is expected
    assert (code or f"HTTP {status}") in str(error) and "\n" not in str(error)
    # Nothing that a retry cannot help is asked again.
    assert len(s3_proxy.asked) == 1


def test_whoever_pays_for_requests_says_so_and_signs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with WebServer() as store:
        use_s3(monkeypatch, store.url)
        store.put("/bucket/a.jpg", b"paid")
        fetch("s3://bucket/a.jpg")
        assert "x-amz-request-payer" not in store.requests[-1].headers
        monkeypatch.setenv("AWS_REQUEST_PAYER", "requester")
        assert fetch("s3://bucket/a.jpg").data == b"paid"
        headers = store.requests[-1].headers
        assert headers["x-amz-request-payer"] == "requester"
        assert "x-amz-request-payer" in headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]


def test_the_newest_version_counts_and_a_mark_of_deletion_is_none(s3: S3Server) -> None:
    uri, client = s3.bucket("one") + "/a.jpg", s3.client()
    client.put_bucket_versioning(Bucket="one", VersioningConfiguration={"Status": "Enabled"})
    for content in (b"first", b"second"):
        client.put_object(Bucket="one", Key="a.jpg", Body=content)
    first = fetch(uri)
    assert first.data == b"second"
    mark = client.delete_object(Bucket="one", Key="a.jpg")["VersionId"]
    assert reason(problem(uri)) is reason(looked(uri)) is Reason.NOT_FOUND
    with pytest.raises(ImageRejected, match="not_found"):
        fetch_unless(uri, first.etag)
    with Listing() as listing:
        assert list(listing.keys(location_of("s3://one/"))) == []
    client.delete_object(Bucket="one", Key="a.jpg", VersionId=mark)
    assert fetch(uri) == first


def test_a_proxy_that_asks_for_credentials_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with WebServer() as proxy:
        use_s3(monkeypatch, "http://store.example")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://me:pw@127.0.0.1:{proxy.port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        proxy.put("/bucket/a.jpg", b"x")
        assert fetch("s3://bucket/a.jpg").data == b"x"
        (asked,) = proxy.requests
        assert asked.target == "http://store.example/bucket/a.jpg"
        assert asked.headers["proxy-authorization"] == "Basic bWU6cHc="
        assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")


def test_what_is_no_answer_of_a_store_is_no_object(s3: S3Server, s3_proxy: S3Proxy) -> None:
    uri = s3.bucket("one", ["a.jpg"]) + "/a.jpg"
    for body in ("<Error><Code>", "<!DOCTYPE a [<!ENTITY b 'c'>]><Error><Code>&b;</Code></Error>", "x" * 200_000):
        s3_proxy.faults = [Fault(status=403, code="A", detail=f"</Error>{body}")]
        assert str(problem(uri)) == "forbidden: access is denied (HTTP 403)"


PASSING: dict[str, Fault] = {
    "SlowDown": Fault(status=503, code="SlowDown"),
    "429": Fault(status=429, headers={"Retry-After": "0"}),
    "requests of the key service are limited": Fault(status=400, code="KMS.ThrottlingException"),
    "500": Fault(status=500, code="InternalError"),
    "502 of a proxy": Fault(status=502),
    "a time-out of the store": Fault(status=400, code="RequestTimeout"),
    "a reset": Fault(is_reset=True),
    "a cut body": Fault(cut_after=3),
}


@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_is_tried_again(kind: str, s3: S3Server, s3_proxy: S3Proxy) -> None:
    uri = s3.bucket("one", {"a.jpg": b"0123456789"}) + "/a.jpg"
    fault = Fault(**{**vars(PASSING[kind]), "times": 2})
    s3_proxy.faults = [fault]
    assert fetch(uri).data == b"0123456789"
    assert len(s3_proxy.asked) == 3


@pytest.mark.parametrize("kind", PASSING)
def test_one_object_that_always_fails_holds_up_nothing_else(kind: str, s3: S3Server, s3_proxy: S3Proxy) -> None:
    uri = s3.bucket("one", {"a.jpg": b"0123456789"}) + "/a.jpg"
    s3_proxy.faults = [Fault(**{**vars(PASSING[kind]), "concerns": lambda asked: not asked.is_list})]
    assert isinstance(problem(uri), HostUnavailable)


@pytest.mark.parametrize("kind", PASSING)
def test_a_store_that_is_away_is_waited_for(kind: str, s3: S3Server, s3_proxy: S3Proxy) -> None:
    uri = s3.bucket("one", {"a.jpg": b"0123456789"}) + "/a.jpg"
    s3_proxy.faults = [PASSING[kind]]
    error = problem(uri)
    assert isinstance(error, SourceUnavailable)
    assert str(error).startswith("The store at s3://one is not available: ")


def test_a_store_where_nobody_listens_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    use_s3(monkeypatch, "http://127.0.0.1:1")
    error = problem("s3://one/a.jpg")
    assert isinstance(error, SourceUnavailable) and "cannot be reached" in str(error)


def test_a_store_that_never_answers_is_given_up_in_time(
    s3: S3Server, s3_proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.reading.stores.s3.READ_S", 0.2)
    uri = s3.bucket("one", ["a.jpg"]) + "/a.jpg"
    s3_proxy.faults = [Fault(delay_s=30)]
    began = time.monotonic()
    assert isinstance(problem(uri), SourceUnavailable)
    assert time.monotonic() - began < 25


def test_a_store_that_swallows_requests_is_waited_for_like_one_that_refuses_them(
    s3: S3Server, s3_proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("lookalike.reading.stores.s3.READ_S", 0.3)
    wanted = [Wanted(ImageRef(s3.bucket("one", ["a.jpg"]) + "/a.jpg"))]
    s3_proxy.faults = [Fault(delay_s=60)]
    with closing(Reader(read_settings(home=tmp_path, roots=("s3://one/",)))) as reader:

        def error() -> object:
            (result,) = (arrival.result for arrival in reader.arrivals(wanted))
            return isinstance(result, Delayed) and result.error

        # At first one object does not answer, for which images are not waited for without a bound.
        await_true(lambda: isinstance(error(), SourceUnavailable), 30)


def test_a_store_that_asks_for_fewer_requests_is_not_asked_for_more(s3: S3Server, s3_proxy: S3Proxy) -> None:
    bucket = s3.bucket("one", [f"{number}.jpg" for number in range(20)])
    s3_proxy.faults = [Fault(lambda asked: not asked.is_list, status=503, code="SlowDown")]

    async def ask() -> None:
        place = StorePlace(10_000)
        asked = (place.fetch(f"{bucket}/{number}.jpg") for number in range(20))
        errors = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(error) for error in errors} == {HostUnavailable}
        await place.close()

    asyncio.run(ask())
    assert sum(asked.is_list for asked in s3_proxy.asked) == 1


def test_expired_credentials_are_renewed_once_and_then_waited_for(s3: S3Server, s3_proxy: S3Proxy) -> None:
    uri = s3.bucket("one", ["a.jpg"]) + "/a.jpg"
    s3_proxy.faults = [Fault(status=400, code="ExpiredToken", times=1)]
    assert fetch(uri).data == b"x"
    s3_proxy.faults = [Fault(status=400, code="ExpiredToken")]
    error = problem(uri)
    assert isinstance(error, SourceUnavailable) and "have expired" in str(error)
    assert isinstance(looked(uri), SourceUnavailable)


def test_the_region_of_a_bucket_is_learned_from_the_answer(s3: S3Server, s3_proxy: S3Proxy) -> None:
    uri = s3.bucket("one", ["a.jpg"], region="eu-west-3") + "/a.jpg"
    for fault in (
        Fault(status=301, code="PermanentRedirect", headers={"x-amz-bucket-region": "eu-west-3"}, times=1),
        Fault(status=400, code="AuthorizationHeaderMalformed", detail="<Region>eu-west-3</Region>", times=1),
        Fault(status=400, headers={"x-amz-bucket-region": "eu-west-3"}, times=0),
    ):
        s3_proxy.faults = [fault]
        assert fetch(uri).data == b"x"
    # A region that is none gets into no host name.
    for region in ("evil.example/", "eu\nwest", "x" * 50, ""):
        s3_proxy.faults = [Fault(status=301, code="PermanentRedirect", detail=f"<Region>{region}</Region>")]
        assert reason(problem(uri)) is Reason.FORBIDDEN
    # Two places that send to each other are not followed for ever.
    s3_proxy.asked.clear()
    regions = iter(range(1000))
    s3_proxy.faults = [
        Fault(status=301, headers={"x-amz-bucket-region": f"eu-{number}"}, times=1) for number in regions if number < 20
    ]
    assert reason(problem(uri)) is Reason.FORBIDDEN
    assert len(s3_proxy.asked) == 3


def _user(s3: S3Server, *statements: dict[str, Any]) -> dict[str, str]:
    """Variables with the keys of a user who may do what the statements say."""
    iam = s3.client(service_name="iam")
    iam.create_user(UserName="reader")
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=document)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def test_signatures_are_right_whatever_the_key_is(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ODD_KEYS[:11]
    s3.bucket("one", {key: key.encode() for key in keys})
    for name, value in _user(s3, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}).items():
        monkeypatch.setenv(name, value)
    with s3.checking():
        assert [one.data for one in fetch_all([f"s3://one/{key}" for key in keys])] == [key.encode() for key in keys]


def test_denied_credentials_and_wrong_ones_have_their_own_words(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.bucket("one", ["a.jpg"])
    keys = _user(s3)
    with s3.checking():
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        for error in (problem("s3://one/a.jpg"), looked("s3://one/a.jpg")):
            assert str(error) == "forbidden: access is denied (AccessDenied)"
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        for error in (problem("s3://one/a.jpg"), looked("s3://one/a.jpg")):
            assert "does not accept the credentials (SignatureDoesNotMatch)" in str(error)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
        assert "does not accept the credentials (InvalidAccessKeyId)" in str(problem("s3://one/a.jpg"))


def test_credentials_that_are_changed_in_their_file_are_used_at_once(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = s3.bucket("one", ["a.jpg"]) + "/a.jpg"
    first = _user(s3, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    iam = s3.client(service_name="iam")
    second = iam.create_access_key(UserName="reader")["AccessKey"]
    file = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setattr("lookalike.reading.stores.aws.SHORTEST_S", 0.0)

    def keys(id: str, secret: str) -> None:
        file.write_text(f"[default]\naws_access_key_id={id}\naws_secret_access_key={secret}\n")

    async def ask() -> None:
        place = StorePlace(10_000)
        keys(*first.values())
        with s3.checking():
            assert (await place.fetch(uri)).data == b"x"
        iam.delete_access_key(UserName="reader", AccessKeyId=first["AWS_ACCESS_KEY_ID"])
        with s3.checking():
            with pytest.raises(ImageRejected, match="does not accept the credentials"):
                await place.fetch(uri)
            keys(second["AccessKeyId"], second["SecretAccessKey"])
            fetched = await asyncio.gather(*(place.fetch(uri) for _ in range(8)))
        assert [one.data for one in fetched] == [b"x"] * 8
        await place.close()

    asyncio.run(ask())


def test_credentials_that_cannot_be_renewed_for_a_while_reject_no_image(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = s3.bucket("one", ["a.jpg"]) + "/a.jpg"
    answer = tmp_path / "answer"
    (tmp_path / "config").write_text(f"[default]\ncredential_process = /bin/cat {answer}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/config")
    # Each signature asks for them.
    monkeypatch.setattr("lookalike.reading.stores.aws.FRESH_S", 0.0)
    soon = f"{datetime.now(UTC) + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    keys = {"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": soon}

    async def ask() -> None:
        place = StorePlace(10_000)
        answer.write_text(json.dumps(keys))
        assert (await place.fetch(uri)).data == b"x"
        answer.unlink()
        for ask in (place.fetch, place.look):
            with pytest.raises(SourceUnavailable, match="have expired"):
                await ask(uri)
        answer.write_text(json.dumps(keys))
        assert (await place.fetch(uri)).data == b"x"
        await place.close()

    asyncio.run(ask())


def test_without_credentials_requests_are_not_signed(
    s3: S3Server, s3_proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = s3.bucket("one", ["a.jpg"]) + "/a.jpg"
    s3.client().put_object_acl(Bucket="one", Key="a.jpg", ACL="public-read")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert fetch(uri).data == b"x"
    s3_proxy.faults = [Fault(status=403, code="AccessDenied")]
    assert str(problem(uri)) == "forbidden: access is denied without credentials (AccessDenied)"


def test_the_requests_that_are_sent() -> None:
    # A limit of tries is a promise to whoever waits.
    assert retrying.TRIES == 3
    assert Asked("GET", "/one/a%2F.jpg?x=1").key == "a%2F.jpg"


def test_a_store_of_another_machine_is_asked_through_the_proxy(
    s3: S3Server, s3_proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = s3.bucket("one", ["a.jpg"]) + "/a.jpg"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, s3_proxy.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(problem(uri), LookalikeError)
    assert {asked.target for asked in s3_proxy.asked} >= {"http://store.example/one/a.jpg"}


def test_a_password_file_of_the_user_is_no_credential_of_a_store(
    s3: S3Server, s3_proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", f"{tmp_path}/.netrc")
    assert fetch(s3.bucket("one", ["a.jpg"]) + "/a.jpg").data == b"x"


ADVICE = {
    "renew": (Fault(status=400, code="ExpiredToken"), "the credentials have expired", "Renew them: `aws sso login`"),
    "correct": (Fault(status=403, code="InvalidAccessKeyId"), "does not accept", "Correct AWS_ACCESS_KEY_ID"),
    "region": (Fault(status=301), "in another region", "Set AWS_REGION"),
    "other server": (Fault(status=404, body="<html></html>"), "no object store", "Correct AWS_ENDPOINT_URL"),
    "login page": (Fault(status=200, body="<!DOCTYPE html><p>Log in"), "no object store", "Correct AWS_ENDPOINT_URL"),
    "bucket": (Fault(status=404, code="NoSuchBucket"), "no such bucket", "set AWS_ENDPOINT_URL"),
    "away": (Fault(status=503, code="SlowDown"), "fewer requests", "Then run the same command again."),
}


@pytest.mark.parametrize("what", ADVICE)
def test_the_advice_for_a_source_fits_the_answer(what: str, s3: S3Server, s3_proxy: S3Proxy) -> None:
    at = location_of(s3.bucket("one", ["a.jpg"]))
    fault, problem, advice = ADVICE[what]
    s3_proxy.faults = [fault]
    with Listing() as listing, pytest.raises(LookalikeError) as refused:
        listing.first(at)
    said = str(refused.value).splitlines()
    assert problem in said[0] and advice in said[1] and len(said) == 2


def test_a_store_that_cannot_be_reached_is_named_with_the_address_that_was_asked() -> None:
    with pytest.MonkeyPatch.context() as patch:
        use_s3(patch, "http://127.0.0.1:1")
        assert "127.0.0.1:1: connection refused" in str(problem("s3://one/a.jpg"))
        use_s3(patch, "127.0.0.1:1")
        assert str(_bad_setting("s3://one/a.jpg")).startswith("'127.0.0.1:1' is no address of a store.")


def _bad_setting(uri: str) -> BadSetting:
    with pytest.raises(BadSetting) as refused:
        fetch(uri)
    return refused.value


@pytest.mark.parametrize(("scheme", "variable"), ADDRESS_OF.items())
def test_a_store_that_is_away_is_not_looked_for_under_the_address_of_another(scheme: str, variable: str) -> None:
    at = Location(scheme, "b")
    for error in (StoreUnavailable(at.store, "x"), about_source(StoreProblem(Kind.AWAY), at, "b")):
        assert variable in str(error)
        assert not any(name in str(error) for name in ADDRESS_OF.values() if name != variable)
