"""Problem documents: a type that never changes, a sentence, and the address of an explanation."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest
from starlette.types import Message

from lookalike.errors import BadFilter, FilterRejected, ImageRejected, IndexUnavailable, LookalikeError
from lookalike.http_schemas import FILTER_PROBLEM
from lookalike.records import Reason
from lookalike_api.docs import problems as problems_page
from lookalike_api.problem_types import FILTER, TYPES, ProblemType, type_of
from lookalike_api.problems import RESPONSES, problem, problem_of

LISTED = Path(__file__).parent.parent.parent / "docs" / "reference" / "http.md"
#: They are in programs of other people: a name is added here, and never changed.
NAMES = [
    *("request", "parameter", "filter", "query", "key", "forbidden", "not-found", "not-indexed", "job", "no-map"),
    *("method", "slow", "conflict", "too-large", "long-address", "body", "host", "image", "long-headers", "failed"),
    *("unavailable", "busy", "timeout", "no-index", "index-away", "broker-away", "storage-away", "model-away"),
    *("other-model", "host-away"),
]


def test_the_types_never_change() -> None:
    assert [kind.name for kind in TYPES] == NAMES
    assert FILTER.uri == FILTER_PROBLEM == "urn:lookalike:filter"


@pytest.mark.parametrize("kind", TYPES, ids=NAMES)
def test_every_type_is_explained(kind: ProblemType) -> None:
    assert f"| `{kind.uri}` | {kind.status} | {kind.title} | {kind.advice} |" in LISTED.read_text()
    page = bytes(asyncio.run(problems_page()).body).decode()
    assert f'<section id="{kind.name}">' in page and kind.uri in page and "`" not in page


def test_every_failure_of_ours_has_a_type() -> None:
    assert {kind for kind, _ in RESPONSES.values()} <= set(TYPES)

    class New(IndexUnavailable):
        """A failure of a later release."""

    away = problem_of(New("http://secret:9200", "it is down"))
    assert away.type == "urn:lookalike:index-away" and "secret" not in away.detail
    assert problem_of(BadFilter("No such field.", "")).type == FILTER_PROBLEM
    assert problem_of(ValueError("secret")).type == "urn:lookalike:failed"
    assert problem_of(LookalikeError("secret")).detail == "The service cannot answer this request; its log says why."
    rejected = problem_of(ImageRejected(Reason.CORRUPT, "why"))
    assert (rejected.type, rejected.reason, rejected.status) == ("urn:lookalike:image", "corrupt", 422)


def test_a_status_without_a_type_says_all() -> None:
    assert type_of(418) is None
    assert b'"type":"about:blank","title":"I\'m a Teapot"' in problem(418, "No coffee.").body


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "https://a.example/docs/problems#body"),
        ("/search", "https://a.example/docs/problems#body"),
        ("/images/x/thumbnail", "https://a.example/docs/problems#body"),
        ("/" * 60_000, None),
        ("*", None),
    ],
    ids=["the root", "a path", "a longer path", "a path of nothing but slashes", "no path"],
)
def test_an_answer_leads_to_the_explanation(path: str, page: str | None) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is received")

    asyncio.run(problem(415, "No.")({"type": "http", "path": path}, receive, send))
    link = dict(sent[0]["headers"]).get(b"link", b"").decode()
    if page is None:
        assert link == ""
    else:
        target, _, relation = link.partition("; ")
        assert urljoin("https://a.example" + path, target[1:-1]) == page and relation == 'rel="help"'


@pytest.mark.parametrize(
    ("method", "path", "body", "name", "parameter"),
    [
        ("GET", "/search?id=x&k=0", None, "parameter", "k"),
        ("GET", "/search?id=x&colour=red", None, "parameter", "colour"),
        ("GET", "/search?id=x&id=y", None, "parameter", "id"),
        ("GET", "/search", None, "request", None),
        ("GET", "/search?id=x", None, "not-indexed", None),
        ("GET", "/facets/label?filter=nubmer%3D1", None, "filter", None),
        ("GET", "/nowhere", None, "not-found", None),
        ("PUT", "/search", None, "method", None),
        ("POST", "/search", b"no image", "image", None),
        ("POST", "/search", {"examples": [{"id": "0" * 40, "weight": "x"}]}, "parameter", "examples.0.weight"),
        ("POST", "/search", {"examples": [], "k": 3}, "parameter", "examples"),
        ("POST", "/search", {"examples": [{"id": "x"}], "k": 3, "colour": "red"}, "parameter", "colour"),
        ("POST", "/map/list", {"ids": ["x"]}, "parameter", "ids.0"),
        ("POST", "/search/batch", b"x", "body", None),
        ("GET", "/jobs/none", None, "job", None),
    ],
)
def test_the_type_and_the_parameter_are_named(
    lance_client: httpx2.Client, method: str, path: str, body: object, name: str, parameter: str | None
) -> None:
    content: dict[str, Any] = {"json" if isinstance(body, dict) else "content": body}
    answer = lance_client.request(method, path, **content)
    told = answer.json()
    assert (told["type"], told.get("parameter")) == (f"urn:lookalike:{name}", parameter)
    assert told["title"] == next(kind.title for kind in TYPES if kind.name == name)
    explained = lance_client.get(urljoin(path, answer.headers["Link"].partition(">")[0][1:]))
    assert explained.status_code == 200 and f'<section id="{name}">' in explained.text


def test_the_python_client_knows_a_problem_with_a_filter() -> None:
    from lookalike.client.answers import error_of

    assert isinstance(error_of(problem_of(BadFilter("No such field.", ""))), FilterRejected)
