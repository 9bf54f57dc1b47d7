"""The service behind a proxy that serves it under a prefix, whether the proxy strips the prefix or not."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx2
import pytest
from pydantic import SecretStr

from lookalike.client import Client
from lookalike.settings import Settings
from tests.api.service import serving
from tests.api.test_bad_input import problem_detail

KEY = "correct-horse-battery"
WITH_KEY = {"X-API-Key": KEY}


@pytest.fixture(scope="module")
def behind(lance: Settings) -> Iterator[httpx2.Client]:
    """A service with a key, under /photos, behind a proxy of this machine."""
    changes = {"root_path": "/photos", "trusted_proxies": ("127.0.0.1",), "api_key": SecretStr(KEY)}
    with serving(Settings(**{**lance.model_dump(), **changes}), is_ready=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/labels", "/photos/labels"])
def test_a_path_is_answered_with_the_prefix_and_without(behind: httpx2.Client, path: str) -> None:
    assert behind.get(path, headers=WITH_KEY).json()["labels"]
    problem_detail(behind.get(path), 401)
    problem_detail(behind.get("/photos" + "/photos" + path, headers=WITH_KEY), 404)


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/photos/labels", None),
        ("/labels", "/labels"),
        ("/x/labels", "/x"),
        ("/page/labels", "/page"),
        ("/x/page/labels", "/x/page"),
        ("/docs/labels", "/docs"),
        ("/health/labels", "/healt"),
        ("/photos//page/labels", None),
    ],
)
def test_no_prefix_spares_the_key(behind: httpx2.Client, path: str, prefix: str | None) -> None:
    headers = {} if prefix is None else {"X-Forwarded-Prefix": prefix}
    answer = behind.get(path, headers=headers)
    assert answer.status_code in (401, 404) and "labels" not in answer.json()


@pytest.mark.parametrize(
    ("path", "header", "prefix"), [("/", "/albums", "/albums"), ("/photos", None, "/photos"), ("/", None, "/photos")]
)
def test_the_page_knows_where_it_is(behind: httpx2.Client, path: str, header: str | None, prefix: str) -> None:
    headers = {"X-Forwarded-Prefix": header} if header else {}
    answer = behind.get(path, headers=headers)
    assert f'<base href="{prefix}/">' in answer.text and "base-uri 'self'" in answer.headers["Content-Security-Policy"]
    # Also where a proxy serves it without a slash at its end.
    for address in re.findall(r'(?:src|href)="([^"#]+)"', answer.text):
        assert behind.get(urljoin(f"{prefix}/", address), headers=headers).status_code == 200
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert behind.get(path, headers={**headers, **tag}).status_code == 304
    assert behind.get("/", headers={"X-Forwarded-Prefix": "/elsewhere", **tag}).status_code == 200


@pytest.mark.parametrize("path", ["/photos/map", "/photos/duplicates"])
def test_other_pages_are_relative_to_themselves(behind: httpx2.Client, path: str) -> None:
    """A <base> would also change what their fragments and searches are relative to."""
    page = behind.get(path)
    assert page.status_code == 200 and "<base" not in page.text
    for address in re.findall(r'(?:src|href)="([^"#]+)"', page.text):
        assert behind.get(urljoin(path, address)).status_code == 200


def test_the_documentation_is_under_the_prefix(behind: httpx2.Client) -> None:
    page = behind.get("/photos/docs")
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert behind.get(urljoin("/photos/docs", address)).status_code == 200
    document = behind.get("/photos/openapi.json").json()
    root = urljoin("https://a.example/photos/openapi.json", document["servers"][0]["url"])
    assert root == "https://a.example/photos/"
    location = behind.get("/photos/docs/", follow_redirects=False).headers["Location"]
    assert urljoin("https://a.example/photos/docs/", location) == "https://a.example/photos/docs"
    problem = behind.get("/photos/images/x")
    explained = urljoin("/photos/images/x", problem.headers["Link"].partition(">")[0][1:])
    assert explained == "/photos/docs/problems#key" and behind.get(explained).status_code == 200


def test_the_python_client_finds_the_service_under_a_prefix(behind: httpx2.Client) -> None:
    with Client(f"{behind.base_url}/photos/", KEY) as client:
        assert client.labels() and client.info().index


def test_what_is_no_prefix_is_a_bad_request(behind: httpx2.Client) -> None:
    answer = behind.get("/", headers={"X-Forwarded-Prefix": "//evil.example"})
    assert "such as /photos" in problem_detail(answer, 400)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nobody_is_trusted_unasked(lance_client: httpx2.Client) -> None:
    plain, told = (lance_client.get("/", headers=headers) for headers in ({}, {"X-Forwarded-Prefix": "/photos"}))
    assert plain.content == told.content and "<base" not in plain.text
    assert "base-uri 'none'" in told.headers["Content-Security-Policy"]
    assert lance_client.get("/", headers={"If-None-Match": told.headers["ETag"]}).status_code == 304
    problem_detail(lance_client.get("/photos/labels", headers={"X-Forwarded-Prefix": "/photos"}), 404)
