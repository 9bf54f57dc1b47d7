"""Uris have one form, and no credentials."""

import pytest

from lookalike.uris import Member, image_url, is_remote, member_of, member_uri, scheme_of, web_url, without_credentials


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTP://Shop.Example:80/a b.jpg#top", "http://shop.example/a%20b.jpg"),
        ("https://bücher.example/é.jpg?x=ü", "https://xn--bcher-kva.example/%C3%A9.jpg?x=%C3%BC"),
        ("https://a.example:8443", "https://a.example:8443/"),
        ("https://a.example/%20.jpg", "https://a.example/%20.jpg"),
        ("http://[0:0::1]:80/x", "http://[::1]/x"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("http://\uff11\uff10\u30020\u30023\u30027/", "http://10.0.3.7/"),
        ("http://my_pictures.example./a", "http://my_pictures.example./a"),
        ("https://a.example/s.tar#a b.jpg", "https://a.example/s.tar#a b.jpg"),
    ],
)
def test_a_web_address_has_one_form(text: str, url: str) -> None:
    assert web_url(text) == url
    assert web_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "http://",
        "http:///a",
        "http://me:secret@a.example/",
        "http://a b/",
        "http://a:99999/",
        "http://[::1/",
        "http://[::g]/",
        "http://[fe80::1%25eth0]/",
        "http://a:secret/",
        "http://me:secret@[::1/",
        "http://a..b/",
        "http://a\\b/",
        "http://a\tb.example\\@c/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://1.2.3.4.5/",
        "http://256.0.0.1/",
        "http://\u0660x7f.1/",
        "http://a/" + "é" * 3000,
        "http://a/" + "x" * 8192,
    ],
)
def test_an_address_that_names_nothing_is_refused_without_its_secret(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        web_url(text)
    assert "secret" not in str(caught.value)


SIGNED = [
    "https://b.s3.amazonaws.com/a.jpg?X-Amz-Algorithm=x&X-Amz-Signature=secret",
    "https://b.s3.amazonaws.com/a.jpg?AWSAccessKeyId=secret&Expires=1",
    "https://storage.googleapis.com/b/a.jpg?x-goog-signature=secret",
    "https://x.blob.core.windows.net/c/a.jpg?sv=2024&se=2026-01-01&sig=secret",
    "https://d.cloudfront.net/a.jpg?Expires=1&Key-Pair-Id=K&Signature=secret",
]


@pytest.mark.parametrize("url", SIGNED)
def test_a_signed_address_is_refused_without_its_signature(url: str) -> None:
    with pytest.raises(ValueError, match="signed") as caught:
        image_url(url)
    assert "secret" not in str(caught.value) and "secret" not in without_credentials(url)
    assert image_url("https://a.example/a.jpg?sig=1&signature=2") == "https://a.example/a.jpg?sig=1&signature=2"


def test_credentials_are_removed() -> None:
    assert without_credentials("https://me:pw@a.example/x@y.jpg") == "https://a.example/x@y.jpg"
    assert without_credentials("/home/me@work/a.jpg") == "/home/me@work/a.jpg"


def test_members_of_archives() -> None:
    assert member_of("s3://b/0.tar#a/b#c.jpg") == Member("s3://b/0.tar", "a/b#c.jpg")
    assert member_of("/pictures/#1.jpg") is None
    assert member_uri("/a.zip", "b.jpg") == "/a.zip#b.jpg"
    assert [scheme_of(uri) for uri in ("/a", "file:///a", "S3://b/k")] == ["", "file", "s3"]
    assert [is_remote(uri) for uri in ("/a", "file:///a", "gs://b/k")] == [False, False, True]
