"""Prefixes, globs and keys of stores are sources as folders and files are."""

import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from lookalike.errors import AccessDenied, BadSetting, LookalikeError, PermanentError, SourceMissing, SourceUnavailable
from lookalike.reading.stores import listing, retrying
from lookalike.records import ImageRef
from lookalike_producer.refused import RefusedReference
from lookalike_producer.scope import scopes
from lookalike_producer.sources import find_images, why_none
from lookalike_producer.walk.options import WalkOptions
from testing.services.key_server import KeyServer, numbered
from testing.services.s3 import Fault, S3Proxy, S3Server
from tests.stores import use_s3

KEYS = [
    *(
        "a.jpg",
        "cats/1.jpg",
        "cats/2.png",
        "cats/kittens/3.jpg",
        "cats-old/4.jpg",
        "cats/raw/5.jpg",
        "cats/.hidden.jpg",
    ),
    *("cats/@eaDir/6.jpg", "dogs//7.jpg", "dogs/Thumbs.db", "photo", "photo/8.jpg", "trip [rome]/9.jpg", "l#1/50%.jpg"),
]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_PAUSE_S", 0.01)


@pytest.fixture
def bucket(s3: S3Server) -> str:
    markers = {"cats/": b"", "empty/": b"", "marked_$folder$": b"", "marked": b"", "marked/10.jpg": b"x"}
    return s3.bucket("shop", dict.fromkeys(KEYS, b"x") | markers)


def keys(source: str, options: WalkOptions | None = None) -> list[str]:
    found = find_images([source], options=options or WalkOptions())
    return sorted(ref.uri.removeprefix("s3://shop/") for ref in found)


def refusal(*sources: str) -> LookalikeError:
    with pytest.raises(LookalikeError) as refused:
        list(find_images(sources))
    assert 1 <= len(str(refused.value).splitlines()) <= 2
    return refused.value


SOURCES: dict[str, list[str]] = {
    "": [
        *("a.jpg", "cats-old/4.jpg", "cats/1.jpg", "cats/2.png", "cats/kittens/3.jpg", "cats/raw/5.jpg", "dogs//7.jpg"),
        *("l#1/50%.jpg", "marked", "marked/10.jpg", "photo", "photo/8.jpg", "trip [rome]/9.jpg"),
    ],
    # A prefix is a folder: `cats-old` begins with the same letters.
    "cats": ["cats/1.jpg", "cats/2.png", "cats/kittens/3.jpg", "cats/raw/5.jpg"],
    "cats/": ["cats/1.jpg", "cats/2.png", "cats/kittens/3.jpg", "cats/raw/5.jpg"],
    "a.jpg": ["a.jpg"],
    # A key that exists is an image; a slash asks for what is below it.
    "photo": ["photo"],
    "photo/": ["photo/8.jpg"],
    # An empty key with others below it marks a folder.
    "marked": ["marked/10.jpg"],
    "dogs/": ["dogs//7.jpg"],
    "dogs//": ["dogs//7.jpg"],
    "l#1/": ["l#1/50%.jpg"],
    "l#1/50%.jpg": ["l#1/50%.jpg"],
    "*.jpg": ["a.jpg"],
    "cats/*": ["cats/1.jpg", "cats/2.png"],
    "cats*/*.jpg": ["cats-old/4.jpg", "cats/1.jpg"],
    "cats/**": ["cats/1.jpg", "cats/2.png", "cats/kittens/3.jpg", "cats/raw/5.jpg"],
    "cats/**/*.jpg": ["cats/1.jpg", "cats/kittens/3.jpg", "cats/raw/5.jpg"],
    "**/[37].jpg": ["cats/kittens/3.jpg", "dogs//7.jpg"],
    "cats/.*": ["cats/.hidden.jpg"],
    "cats/@eaDir/*": ["cats/@eaDir/6.jpg"],
    "trip [rome]/9.jpg": ["trip [rome]/9.jpg"],
}


@pytest.mark.parametrize("source", SOURCES)
def test_what_a_source_finds(source: str, bucket: str) -> None:
    assert keys(f"{bucket}/{source}") == SOURCES[source]


def test_a_bucket_without_a_slash_is_the_whole_bucket(bucket: str) -> None:
    assert keys(bucket) == keys("S3://shop/") == SOURCES[""]


def test_hidden_keys_clutter_and_exclusions_are_those_of_folders(bucket: str, tmp_path: Path) -> None:
    local = [key for key in KEYS if key != "photo" and "//" not in key]
    for key in local:
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).touch()
    for options in (
        WalkOptions(include_hidden=True),
        WalkOptions(exclude=("raw/", "*.png")),
        WalkOptions(exclude=("/cats", "!/cats/1.jpg")),
        WalkOptions(exclude=("*", "!*/", "!*.png")),
        WalkOptions(exclude=("l#1/*",), include_hidden=True),
    ):
        walked = {os.path.relpath(ref.uri, tmp_path) for ref in find_images([str(tmp_path)], options=options)}
        assert {key for key in keys(bucket, options) if key in local} == walked, options


def test_labels_are_the_folders_of_keys(bucket: str) -> None:
    labels = {ref.uri.removeprefix("s3://shop/"): ref.label for ref in find_images([bucket])}
    assert labels["cats/kittens/3.jpg"] == "kittens" and labels["l#1/50%.jpg"] == "l#1"
    # A bucket is no folder, nor is a name without letters.
    assert labels["a.jpg"] is None and labels["dogs//7.jpg"] is None
    assert [ref.label for ref in find_images([f"{bucket}/cats/1.jpg"])] == ["cats"]
    assert {ref.label for ref in find_images([bucket], label_from="none")} == {None}


def test_an_image_of_several_sources_counts_once(bucket: str) -> None:
    found = [ref.uri for ref in find_images([bucket, f"{bucket}/cats", f"{bucket}/c*/1.jpg", f"{bucket}/a.jpg"])]
    assert len(found) == len(set(found)) == len(SOURCES[""])


def test_a_key_that_no_worker_could_read_is_refused_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [
        "a/../b.jpg",
        "photos.tar#1.jpg",
        "t.csv#row=1",
        "line\nbreak.jpg",
        "\x00.jpg",
        "plain.jpg",
        "\ufffe\u2028.jpg",
    ]
    with KeyServer.of(odd) as server:
        use_s3(monkeypatch, server.url)
        found = {ref.uri: ref for ref in find_images(["s3://big"], options=WalkOptions(include_hidden=True))}
    assert set(found) == {f"s3://big/{key}" for key in odd}
    refused = {ref.uri for ref in found.values() if isinstance(ref, RefusedReference)}
    assert refused == {f"s3://big/{key}" for key in odd[:3]}


NOTHING = {
    "s3://shop/none": "No key of s3://shop begins with 'none'.",
    "s3://shop/none/": "No key of s3://shop begins with 'none/'.",
    "s3://shop/cat": "There is neither a key nor a folder 's3://shop/cat', but keys that begin so.",
    "s3://shop/none/*.jpg": "Nothing matches 's3://shop/none/*.jpg': no key begins with 's3://shop/none/'.",
    "s3://shop/cats/*.gif": "Nothing matches 's3://shop/cats/*.gif'.",
    "s3://shop/*.{jpg,png}": "Nothing matches 's3://shop/*.{jpg,png}'.",
    "s3://bare": "The bucket s3://bare is empty.",
    "s3://other": "s3://other/ cannot be read: there is no such bucket (NoSuchBucket).",
    "s3://other/a.jpg": "s3://other/a.jpg cannot be read: there is no such bucket (NoSuchBucket).",
}


@pytest.mark.parametrize("source", NOTHING)
def test_a_source_that_holds_nothing_says_so_before_work_starts(source: str, bucket: str, s3: S3Server) -> None:
    s3.bucket("bare")
    with pytest.raises(SourceMissing) as refused:
        find_images([source])
    assert str(refused.value).splitlines()[0] == NOTHING[source]
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("status", "code", "detail"),
    [
        (403, "InvalidObjectState", ""),
        (400, "InvalidRequest", "<Message>Server Side Encryption with a Customer provided key</Message>"),
        (400, "KMS.DisabledException", ""),
    ],
)
def test_an_object_that_nobody_may_read_now_is_an_image_whose_worker_says_why(
    status: int, code: str, detail: str, bucket: str, s3_proxy: S3Proxy
) -> None:
    s3_proxy.faults = [Fault(lambda asked: asked.key == "a.jpg", status=status, code=code, detail=detail)]
    assert keys("s3://shop/a.jpg") == ["a.jpg"]


def test_only_marks_of_folders_are_no_images(bucket: str) -> None:
    assert keys(f"{bucket}/empty/") == []
    assert why_none([f"{bucket}/empty/"], WalkOptions()) == "The source holds no files."


@pytest.mark.parametrize(
    ("fault", "kind", "what"),
    [
        (Fault(status=403, code="AccessDenied"), AccessDenied, "access is denied (AccessDenied)"),
        (Fault(status=403, code="InvalidAccessKeyId"), AccessDenied, "does not accept the credentials"),
        (Fault(status=400, code="ExpiredToken"), AccessDenied, "the credentials have expired"),
        (Fault(status=403, code="RequestTimeTooSkewed"), BadSetting, "the clock of this machine is wrong"),
        (Fault(status=301, code="PermanentRedirect"), BadSetting, "another region"),
        (Fault(status=503), SourceUnavailable, "503)"),
        (Fault(is_reset=True), SourceUnavailable, "does not answer in order"),
    ],
)
def test_a_store_that_refuses_all_is_one_sentence_before_work_starts(
    fault: Fault, kind: type[LookalikeError], what: str, bucket: str, s3_proxy: S3Proxy
) -> None:
    s3_proxy.faults = [fault]
    for source in (bucket, f"{bucket}/cats", f"{bucket}/cats/1.jpg", f"{bucket}/*.jpg"):
        with pytest.raises(kind) as refused:
            find_images([source])
        assert what in str(refused.value) and len(str(refused.value).splitlines()) == 2


def test_configuration_that_cannot_be_used_is_one_sentence(
    bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def said(**variables: str) -> str:
        with monkeypatch.context() as changed:
            for name, value in variables.items():
                changed.setenv(name, value)
            with pytest.raises(PermanentError) as refused:
                find_images([bucket])
            assert "secret" not in str(refused.value) and len(str(refused.value).splitlines()) == 2
            return str(refused.value)

    (tmp_path / "config").write_text("no section")
    assert "profile (missing) could not be found" in said(AWS_PROFILE="missing")
    assert "Unable to parse config file" in said(AWS_CONFIG_FILE=f"{tmp_path}/config")
    assert "AWS_SECRET_ACCESS_KEY" in said(AWS_SECRET_ACCESS_KEY="")
    assert "no region" in said(AWS_REGION="evil.example/")
    assert "unencrypted" in said(AWS_ENDPOINT_URL="http://10.0.0.1:9000")
    assert "no address of a store" in said(AWS_ENDPOINT_URL="ftp://127.0.0.1")
    assert "no address of a store" in said(AWS_ENDPOINT_URL="http://me:secret@127.0.0.1")
    assert "AWS_CA_BUNDLE" in said(AWS_CA_BUNDLE="/nonexistent", AWS_ENDPOINT_URL="https://127.0.0.1:1")


def test_a_profile_names_endpoint_region_and_credentials(
    s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(
        f"[profile shop]\nregion = eu-west-1\nservices = own\n[services own]\ns3 =\n  endpoint_url = {s3.url}\n"
    )
    (tmp_path / "credentials").write_text("[shop]\naws_access_key_id = test\naws_secret_access_key = test\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/credentials")
    monkeypatch.setenv("AWS_PROFILE", "shop")
    assert keys(f"{bucket}/cats/1.jpg") == ["cats/1.jpg"]


@pytest.fixture
def pages(s3: S3Server, s3_proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Proxy]:
    """A proxy before 10,000 keys."""
    with KeyServer(10_000, numbered, b"x") as server, S3Proxy(server.url) as proxy:
        use_s3(monkeypatch, proxy.url)
        yield proxy


def test_a_listing_is_a_stream(pages: S3Proxy) -> None:
    first = next(iter(find_images(["s3://big/images"])))
    assert first == ImageRef("s3://big/images/000000/000000000.jpg", "000000")
    # The one that checks the source, the one with the image, and one ahead.
    assert sum(asked.is_list for asked in pages.asked) <= 3


def test_a_glob_lists_from_its_longest_fixed_beginning(pages: S3Proxy) -> None:
    assert len(list(find_images(["s3://big/images/00000[12]/*5.jpg"]))) == 200
    assert {asked.query["prefix"] for asked in pages.asked if asked.is_list} == {"images/00000"}


def test_a_listing_that_breaks_off_continues_where_it_was(pages: S3Proxy) -> None:
    def in_the_middle(asked: object) -> bool:
        return "continuation-token=5000" in str(asked)

    pages.faults = [
        Fault(in_the_middle, times=1, status=503, code="SlowDown"),
        Fault(in_the_middle, times=1, is_reset=True),
        Fault(in_the_middle, times=1, cut_after=1000),
        Fault(in_the_middle, times=1, status=200, code="InternalError"),
        Fault(in_the_middle, times=4, status=400, code="ExpiredToken"),
    ]
    found = [ref.uri for ref in find_images(["s3://big/images"])]
    assert len(found) == len(set(found)) == 10_000


def test_a_listing_that_stays_away_ends_its_own_source_with_a_sentence(
    pages: S3Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(listing, "PATIENCE_S", 0.1)
    (tmp_path / "local.jpg").touch()
    pages.faults = [Fault(lambda asked: "continuation-token=3000" in asked.target, status=500)]
    found = []
    with pytest.raises(SourceUnavailable) as broken:
        for ref in find_images(["s3://big/images", str(tmp_path)]):
            found.append(ref.uri)
    assert len(found) == 3001 and found[-1] == f"{tmp_path}/local.jpg"
    assert "broke off behind s3://big/images/000002/000002999.jpg" in str(broken.value)
    assert "Run the same command again" in str(broken.value)


def test_a_listing_without_an_end_is_left(pages: S3Proxy) -> None:
    pages.faults = [
        Fault(lambda asked: "continuation-token=2000" in asked.target, status=200, body=_page("3000")),
        Fault(lambda asked: "continuation-token=3000" in asked.target, status=200, body=_page("3000")),
    ]
    with pytest.raises(SourceUnavailable) as broken:
        list(islice(find_images(["s3://big/images"]), 20_000))
    assert "its list of keys has no end" in str(broken.value)


def _page(following: str) -> str:
    token = f"<NextContinuationToken>{following}</NextContinuationToken>"
    return f"<ListBucketResult><IsTruncated>true</IsTruncated>{token}</ListBucketResult>"


def test_lists_name_objects_and_images_of_the_web(bucket: str, tmp_path: Path) -> None:
    lines = [
        *("s3://shop/cats/1.jpg", " s3://shop/trip [rome]/9.jpg", "https://Host.example:443/ä b.jpg#x", "local.jpg"),
        *("s3://shop/cats/", "s3://me:secret@shop/a.jpg", "https://me:secret@host/a.jpg", "http:///a.jpg"),
        *(
            "s3://shop/x.tar#a.jpg",
            "gs://other/a.jpg",
            "az://box/a.jpg",
            "ftp://me:secret@host/a.jpg",
            "s3://shop/a.jpg",
        ),
    ]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    found = {ref.uri: ref for ref in find_images([f"{tmp_path}/list.txt"])}
    refused = {uri for uri, ref in found.items() if isinstance(ref, RefusedReference)}
    assert refused == {"s3://shop/cats/", "s3://shop/a.jpg", "https://host/a.jpg", "http:///a.jpg"}
    assert "secret" not in str(found)
    assert found["s3://shop/cats/1.jpg"].label == "cats" and found["https://host.example/%C3%A4%20b.jpg"].label is None
    assert {"s3://shop/trip [rome]/9.jpg", f"{tmp_path}/local.jpg", "s3://shop/x.tar#a.jpg"} < set(found)


def test_one_image_of_the_web_is_a_source() -> None:
    assert list(find_images(["https://Host.example/shop/a b.jpg"])) == [ImageRef("https://host.example/shop/a%20b.jpg")]


def test_a_missing_package_is_named(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    assert '"cloud"' in str(refusal(bucket))


def test_thousands_of_addresses_are_not_looked_at_one_by_one(s3: S3Server, s3_proxy: S3Proxy) -> None:
    s3.bucket("shop", ["in/a.jpg"])
    s3_proxy.asked.clear()
    many = [f"s3://shop/in/{number}.JPG" for number in range(10_000)]
    found = [ref.uri for ref in find_images([*many, *many, "https://host/a.jpg"])]
    assert found == [*many, "https://host/a.jpg"]
    assert s3_proxy.asked == [] and scopes(many) == []
    assert [ref.uri for ref in find_images([*many, "s3://shop/in"])][-1] == "s3://shop/in/a.jpg"
