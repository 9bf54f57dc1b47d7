"""What a proxy says counts only from proxies that are trusted, and the application sees no prefix."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from lookalike.addresses import path_prefix
from lookalike.errors import BadSetting
from lookalike.settings import read_settings
from lookalike_api.forwarded import Forwarded
from lookalike_api.prefix import prefix_of

PROXY = "10.0.0.7"
NAMES = ("search", "images", "page")


def seen(
    path: str, *, root_path: str = "", proxies: tuple[str, ...] = (PROXY,), peer: str = PROXY, **headers: str
) -> dict[str, Any]:
    """What the application sees of a request from `peer`, or the problem document that is answered in its place."""
    found: dict[str, Any] = {}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        found.update(path=scope["path"], prefix=prefix_of(scope), client=scope["client"][0], scheme=scope["scheme"])
        assert scope["raw_path"] == scope["path"].encode()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            found.update(json.loads(message["body"]))

    async def receive() -> Message:
        raise AssertionError("nothing is received")

    scope: Scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "client": (peer, 5000),
        "headers": [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(Forwarded(application, root_path, proxies, NAMES)(scope, receive, send))
    return found


@pytest.mark.parametrize(
    ("path", "root_path", "expected"),
    [
        ("/search", "", "/search"),
        ("/photos/search", "/photos", "/search"),
        ("/search", "/photos", "/search"),
        ("/photos", "/photos", "/"),
        ("/photos/", "/photos", "/"),
        ("/photosearch", "/photos", "/photosearch"),
        ("/photos/photos/x", "/photos", "/photos/x"),
        ("/a/b/search", "/a/b", "/search"),
        ("/photos//page/x", "/photos", "//page/x"),
        # The proxy has to strip such a prefix: otherwise no image could be told from it.
        ("/images/0a1b", "/images", "/images/0a1b"),
        ("/page/x/search", "/page/x", "/page/x/search"),
    ],
)
def test_the_application_sees_no_prefix(path: str, root_path: str, expected: str) -> None:
    request = seen(path, root_path=root_path)
    assert (request["path"], request["prefix"]) == (expected, root_path)


@pytest.mark.parametrize("path", ["/search", "/photos/search"])
def test_a_trusted_proxy_says_the_prefix(path: str) -> None:
    for written in ("/photos", "/photos/", " /photos "):
        request = seen(path, root_path="/other", X_Forwarded_Prefix=written)
        assert (request["path"], request["prefix"]) == ("/search", "/photos")
    assert seen("/search", root_path="/other", X_Forwarded_Prefix="/")["prefix"] == ""


@pytest.mark.parametrize(
    ("proxies", "peer", "is_trusted"),
    [
        ((), PROXY, False),
        ((PROXY,), PROXY, True),
        ((PROXY,), "10.0.0.8", False),
        ((PROXY,), "::ffff:10.0.0.7", True),
        (("10.0.0.0/24", "fd00::/8"), "10.0.0.200", True),
        (("10.0.0.0/24", "fd00::/8"), "fd12::1", True),
        (("10.0.0.0/24", "fd00::/8"), "127.0.0.1", False),
    ],
)
def test_only_trusted_proxies_are_believed(proxies: tuple[str, ...], peer: str, is_trusted: bool) -> None:
    told = {"X_Forwarded_Prefix": "/photos", "X_Forwarded_For": "192.0.2.9", "X_Forwarded_Proto": "https"}
    request = seen("/search", proxies=proxies, peer=peer, **told)
    expected = ("/photos", "192.0.2.9", "https") if is_trusted else ("", peer, "http")
    assert (request["prefix"], request["client"], request["scheme"]) == expected


@pytest.mark.parametrize(
    "prefix",
    [
        *("//evil.example", "https://evil.example", "pictures", "/a/../b", "/..", "/.", "/a//b", "/a, /b", "/a\\b"),
        *("\\\\x", '/"><script>', "/a b", "/a?b", "/a#b", "/%2e%2e", "/" + "a" * 300, "/\u00e9"),
    ],
)
def test_what_is_no_prefix_is_refused(prefix: str) -> None:
    answer = seen("/search", X_Forwarded_Prefix=prefix)
    assert (answer["status"], answer["type"]) == (400, "urn:lookalike:request")
    assert answer["detail"].startswith("X-Forwarded-Prefix cannot be used: ") and prefix not in answer["detail"]
    # Who is not trusted cannot even be wrong.
    assert seen("/search", peer="192.0.2.9", X_Forwarded_Prefix=prefix)["path"] == "/search"
    with pytest.raises(ValueError, match="/photos"):
        path_prefix(prefix)


def test_the_settings_name_the_prefix_and_the_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (read_settings().root_path, read_settings().trusted_proxies) == ("", ())
    assert read_settings(root_path="/photos/").root_path == "/photos"
    with pytest.raises(BadSetting, match=r"root_path = '//evil' cannot be used: .* such as /photos"):
        read_settings(root_path="//evil")
    monkeypatch.setenv("LOOKALIKE_TRUSTED_PROXIES", '["10.0.0.7", "fd00::/8"]')
    assert read_settings().trusted_proxies == ("10.0.0.7", "fd00::/8")
    for value, what in (('["proxy.example"]', "such as 10.0.0.7"), ("10.0.0.7", "LOOKALIKE_TRUSTED_PROXIES='[\"10")):
        monkeypatch.setenv("LOOKALIKE_TRUSTED_PROXIES", value)
        with pytest.raises(BadSetting) as refused:
            read_settings()
        assert "LOOKALIKE_TRUSTED_PROXIES" in str(refused.value) and what in str(refused.value)
