"""Access to the service, and what browsers may do with its answers."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx2
import pytest
from pydantic import SecretStr

from lookalike.errors import BadSetting
from lookalike.records import ImageRef
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


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/map", "/health/live", "/health/ready", "/page/index.html"),
        *("/docs", "/docs/start.js", "/docs/problems", "/openapi.json"),
    ],
)
def test_the_page_the_documentation_and_health_checks_need_no_key(protected: httpx2.Client, path: str) -> None:
    assert protected.get(path).status_code == 200


def test_only_the_configured_origin_may_call_the_service(protected: httpx2.Client) -> None:
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "X-API-Key"}
    allowed = protected.options("/search", headers={"Origin": ORIGIN, **asking})
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    refused = protected.options("/search", headers={"Origin": "https://other.example", **asking})
    assert "Access-Control-Allow-Origin" not in refused.headers
    # Without this, a page could not distinguish a wrong key from a service that does not run.
    answer = protected.get("/labels", headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert {"Link", "Retry-After"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))


def test_without_a_key_only_names_of_this_machine_are_answered(lance_client: httpx2.Client) -> None:
    spellings = (
        "localhost:8000",
        "127.0.0.1",
        "[::1]:80",
        "LOCALHOST",
        "localhost.",
        "127.0.0.2:1",
        "[::ffff:127.0.0.1]",
    )
    for host in spellings:
        assert lance_client.get("/labels", headers={"Host": host}).status_code == 200
    for host in (
        "rebound.example",
        "127.0.0.1.rebound.example:8000",
        "localhost.rebound.example",
        "localhost..",
        "",
        "[::1",
        "10.0.0.1",
    ):
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
    for weak in ("x", "1234567", "abababababab"):
        with pytest.raises(BadSetting, match="API key") as refused:
            make_server(settings.model_copy(update={"api_key": SecretStr(weak)}), host, 0)
        assert weak not in str(refused.value) or weak == "x"
    make_server(settings, host, 0, is_open=True)
    make_server(settings.model_copy(update={"api_key": SecretStr(KEY)}), host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_loopback_address_needs_no_key(host: str) -> None:
    make_server(read_settings(), host, 0)


def test_a_short_key_for_other_machines_gets_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    for key, host, warnings in ((KEY, "127.0.0.1", 0), (KEY, "0.0.0.0", 1), (KEY * 2, "0.0.0.0", 0)):
        caplog.clear()
        make_server(read_settings(api_key=SecretStr(key)), host, 0)
        assert len(caplog.records) == warnings
        assert key not in caplog.text


OWN = "http://127.0.0.1:8000"
EVIL = "https://evil.example"
CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": EVIL}


@pytest.mark.parametrize(
    ("method", "path", "headers", "is_welcome"),
    [
        ("POST", "/search", {}, True),
        ("POST", "/search", {"Origin": OWN}, True),
        ("POST", "/search", {"Sec-Fetch-Site": "same-origin", "Origin": "https://photos.example"}, True),
        ("GET", "/search?id=x", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, True),
        ("GET", "/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, True),
        ("GET", "/docs", {"Sec-Fetch-Site": "cross-site"}, True),
        ("GET", "/labels", {"Referer": EVIL}, True),
        ("POST", "/search", {"Origin": EVIL}, False),
        ("POST", "/search", {"Origin": "null"}, False),
        ("POST", "/search", {"Origin": "http://127.0.0.1:8001"}, False),
        ("POST", "/search", {"Origin": "http://localhost:8000"}, False),
        ("POST", "/search", {"Origin": "http://[127.0.0.1:8000"}, False),
        ("POST", "/search", CROSS, False),
        ("POST", "/search/batch", {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:3000"}, False),
        ("POST", "/", {"Sec-Fetch-Site": "cross-site"}, False),
        ("GET", "/search?id=x", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, False),
        ("GET", "/images/x/thumbnail", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}, False),
        ("GET", "/metrics", {"Sec-Fetch-Site": "same-site"}, False),
        ("OPTIONS", "/search", CROSS, False),
        ("HEAD", "/labels", {"Sec-Fetch-Site": "cross-site"}, False),
    ],
)
def test_without_a_key_other_web_pages_cause_no_work(
    lance_client: httpx2.Client, method: str, path: str, headers: dict[str, str], is_welcome: bool
) -> None:
    answer = lance_client.request(method, path, headers={"Host": "127.0.0.1:8000", **headers})
    assert (answer.status_code != 403) is is_welcome, answer.text
    if not is_welcome and method != "HEAD":
        assert "LOOKALIKE_CORS_ORIGINS" in problem_detail(answer, 403)


@pytest.fixture(scope="module")
def shared(lance: Settings) -> Iterator[httpx2.Client]:
    """A service without a key that web pages of ORIGIN may use."""
    with serving(Settings(**{**lance.model_dump(), "cors_origins": (ORIGIN,)})) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "headers", "is_welcome"),
    [
        ("/labels", {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}, True),
        ("/images/x/thumbnail", {"Referer": ORIGIN + "/shop", "Sec-Fetch-Site": "cross-site"}, True),
        ("/images/x/thumbnail", {"Sec-Fetch-Site": "cross-site"}, True),
        ("/images/x/thumbnail", {"Referer": EVIL + "/", "Sec-Fetch-Site": "cross-site"}, False),
        ("/images/x/thumbnail", CROSS, False),
        ("/labels", {"Referer": ORIGIN, "Sec-Fetch-Site": "cross-site"}, False),
        ("/labels", CROSS, False),
    ],
)
def test_pages_of_an_allowed_origin_may_ask_and_show_images(
    shared: httpx2.Client, path: str, headers: dict[str, str], is_welcome: bool
) -> None:
    assert (shared.get(path, headers=headers).status_code != 403) is is_welcome


@pytest.mark.parametrize("kind", ["", "/thumbnail"])
def test_a_page_of_an_allowed_origin_can_embed_an_image(
    shared: httpx2.Client, lance_client: httpx2.Client, stored: list[ImageRef], kind: str
) -> None:
    path = f"/images/{stored[0].id}{kind}"
    assert shared.get(path).headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert lance_client.get(path).headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert shared.get("/labels").headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", "GET, HEAD, OPTIONS"),
        ("/health/live", "GET, HEAD, OPTIONS"),
        ("/search", "GET, HEAD, POST, OPTIONS"),
        ("/search/batch", "POST, OPTIONS"),
        ("/images/x", "GET, HEAD, OPTIONS"),
        ("/page/main.js", "GET, HEAD, OPTIONS"),
        ("/openapi.json", "GET, HEAD, OPTIONS"),
        ("/docs/problems", "GET, HEAD, OPTIONS"),
        ("/docs/swagger-ui.css", "GET, HEAD, OPTIONS"),
    ],
)
def test_every_path_tells_its_methods(lance_client: httpx2.Client, path: str, methods: str) -> None:
    answer = lance_client.options(path)
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (204, methods, b"")
    assert lance_client.request("PUT", path).headers["Allow"] == methods or path.startswith("/page")
    assert lance_client.options("/nowhere").status_code == 404


def test_the_methods_of_a_path_need_the_key_that_the_path_needs(protected: httpx2.Client) -> None:
    problem_detail(protected.options("/labels"), 401)
    assert protected.options("/labels", headers=[(b"X-API-Key", KEY_BYTES)]).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert protected.options("/docs").status_code == protected.options("/health/live").status_code == 204
    assert protected.head("/labels").status_code == 401 and protected.head("/docs").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/health/live", "/docs", "/docs/problems", "/docs/swagger-ui.css", "/openapi.json", "/page/main.js"),
        *("/labels", "/nowhere", "/images/x"),
    ],
)
def test_head_is_get_without_a_body(lance_client: httpx2.Client, path: str) -> None:
    whole, head = lance_client.get(path), lance_client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    for name in ("Content-Type", "Content-Length", "Cache-Control", "ETag"):
        assert head.headers.get(name) == whole.headers.get(name)


def test_head_of_what_has_no_get_is_refused(lance_client: httpx2.Client) -> None:
    assert lance_client.head("/search/batch").status_code == 405
    assert lance_client.head("/labels").status_code == 200, "the connection is still usable"


@pytest.mark.parametrize(
    ("path", "leads_to"), [("/page", "/page/"), ("/docs/", "/docs"), ("/jobs/?limit=1", "/jobs?limit=1")]
)
def test_a_redirect_stays_behind_the_prefix_of_a_proxy(lance_client: httpx2.Client, path: str, leads_to: str) -> None:
    location = lance_client.get(path, follow_redirects=False).headers["Location"]
    assert urljoin("https://photos.example/prefix" + path, location) == "https://photos.example/prefix" + leads_to


def test_the_documentation_works_behind_the_prefix_of_a_proxy(lance_client: httpx2.Client) -> None:
    page = lance_client.get("/docs").text
    found = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(found) == 4 and all(not address.startswith(("/", "http")) for address in found)
    assert all(lance_client.get("/" + address).status_code == 200 for address in found)
    assert 'url: "openapi.json"' in lance_client.get("/docs/start.js").text
    assert lance_client.get("/openapi.json").json()["servers"] == [{"url": "."}]


def test_the_documentation_asks_for_the_key(protected: httpx2.Client, lance_client: httpx2.Client) -> None:
    document = protected.get("/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "key"}
    assert document["security"] == [{"bearer": []}, {"key": []}]
    assert "securitySchemes" not in lance_client.get("/openapi.json").json()["components"]


def test_the_document_says_what_needs_the_key(protected: httpx2.Client) -> None:
    paths = protected.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            needs_key = operation.get("security") != []
            answer = protected.request(method, path.format(id="x", field="label"))
            assert (answer.status_code == 401) is needs_key, path
            assert ("401" in operation["responses"]) is needs_key


@pytest.mark.parametrize("path", ["/docs/swagger-ui-bundle.js", "/page/main.js", "/"])
def test_a_browser_does_not_fetch_the_same_file_again(lance_client: httpx2.Client, path: str) -> None:
    first = lance_client.get(path)
    again = lance_client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"") and again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "no-cache"
    assert lance_client.get(path, headers={"If-None-Match": '"other"'}).content == first.content
