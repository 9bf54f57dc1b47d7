"""What the service refuses becomes an error with its sentence."""

import pytest

from lookalike import factories
from lookalike.client import Client
from lookalike.errors import (
    BadSetting,
    ImageRejected,
    RequestRejected,
)
from lookalike.records import Reason
from lookalike.settings import Settings
from tests.client.stub import NO_LABELS, Scripted, answering


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


def test_a_redirect_is_not_followed() -> None:
    with answering(NO_LABELS) as (elsewhere, seen):
        moved: Scripted = (307, {"Location": f"{elsewhere}/labels"}, "")
        with answering(moved) as (url, _), Client(url, "secret") as client, pytest.raises(BadSetting, match="307"):
            client.labels()
    assert seen == []


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
