"""Access to the service, and what browsers may do with its answers."""

from collections.abc import Iterator

import httpx2
import pytest
from pydantic import SecretStr

from lookalike.errors import BadSetting
from lookalike.settings import Settings, read_settings
from lookalike_cli.serve import make_server
from tests.api.service import serving
from tests.api.test_bad_input import problem_detail

KEY = "a key, häßlich"
KEY_BYTES = KEY.encode()
Headers = list[tuple[bytes, bytes]]
ORIGIN = "https://shop.example"


@pytest.fixture(scope="module")
def protected(lance: Settings) -> Iterator[httpx2.Client]:
    """A service with an API key that web pages of ORIGIN may call."""
    changes = {"api_key": SecretStr(KEY), "cors_origins": (ORIGIN,)}
    with serving(Settings(**{**lance.model_dump(), **changes})) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/search?id=x", "/images/x", "/labels", "/jobs", "/info", "/metrics", "/nowhere", "/health", "//page/x"]
)
@pytest.mark.parametrize(
    "headers",
    [[], [(b"Authorization", b"Bearer wrong")], [(b"X-API-Key", KEY_BYTES[:-1])], [(b"Authorization", KEY_BYTES)]],
)
def test_requests_without_the_key_are_refused(protected: httpx2.Client, path: str, headers: Headers) -> None:
    answer = protected.get(path, headers=headers)
    problem_detail(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Authorization", b"Bearer " + KEY_BYTES)],
        [(b"authorization", b"bearer " + KEY_BYTES)],
        [(b"X-API-Key", KEY_BYTES)],
    ],
)
def test_with_the_key_requests_are_answered(protected: httpx2.Client, headers: Headers, query: bytes) -> None:
    assert protected.get("/labels", headers=headers).status_code == 200
    assert protected.post("/search", content=query, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/health/live", "/health/ready", "/page/index.html"])
def test_the_page_and_health_checks_need_no_key(protected: httpx2.Client, path: str) -> None:
    assert protected.get(path).status_code == 200


def test_only_the_configured_origin_may_call_the_service(protected: httpx2.Client) -> None:
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "X-API-Key"}
    allowed = protected.options("/search", headers={"Origin": ORIGIN, **asking})
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    refused = protected.options("/search", headers={"Origin": "https://other.example", **asking})
    assert "Access-Control-Allow-Origin" not in refused.headers
    # Without this, a page could not distinguish a wrong key from a service that does not run.
    assert protected.get("/labels", headers={"Origin": ORIGIN}).headers["Access-Control-Allow-Origin"] == ORIGIN


def test_without_a_key_only_names_of_this_machine_are_answered(lance_client: httpx2.Client) -> None:
    for host in ("localhost:8000", "127.0.0.1", "[::1]:80", "LOCALHOST"):
        assert lance_client.get("/labels", headers={"Host": host}).status_code == 200
    for host in ("rebound.example", "127.0.0.1.rebound.example:8000", "localhost.rebound.example"):
        problem_detail(lance_client.get("/labels", headers={"Host": host}), 421)


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/docs/start.js", "/labels", "/nowhere", "/search?k=0", "/health/live", "/metrics"]
)
def test_every_answer_has_security_headers(lance_client: httpx2.Client, path: str) -> None:
    headers = lance_client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert ("script-src 'self'" in policy) == (path in ("/", "/docs", "/docs/start.js"))


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js"])
def test_the_documentation_needs_no_other_server(lance_client: httpx2.Client, path: str) -> None:
    answer = lance_client.get(path)
    assert answer.status_code == 200
    if path == "/docs":
        assert "://" not in answer.text and "<script>" not in answer.text


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_a_public_address_is_refused_without_a_key(host: str) -> None:
    settings = read_settings()
    with pytest.raises(BadSetting, match="LOOKALIKE_API_KEY"):
        make_server(settings, host, 0)
    make_server(settings, host, 0, is_open=True)
    make_server(settings.model_copy(update={"api_key": SecretStr(KEY)}), host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_loopback_address_needs_no_key(host: str) -> None:
    make_server(read_settings(), host, 0)
