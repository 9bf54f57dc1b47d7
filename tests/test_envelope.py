"""Messages of this program pass the check of the queue, and any other bytes are refused, with the reason."""

import base64
import bz2
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from celery import Celery
from hypothesis import given
from hypothesis import strategies as st

from lookalike.envelope import FINISH_JOB, INGEST_CHUNK, Refused, check_control, check_work
from lookalike.queue import KEY_PREFIX, QUEUE, make_app, queued_ids, send_chunk, send_chunks, send_finish

CHUNK = "20261126-042416-abcdef/000000"
JOB = "20261126-042416-abcdef"
LINKS = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
HEADERS = {
    **{"lang": "py", "task": INGEST_CHUNK, "id": CHUNK, "shadow": None, "eta": None, "expires": None, "group": None},
    **{"group_index": None, "retries": 0, "timelimit": [None, None], "root_id": CHUNK, "parent_id": None},
    **{"argsrepr": f"('{CHUNK}',)", "kwargsrepr": "{}", "origin": "gen1@host", "ignore_result": True},
    **{"replaced_task_nesting": 0, "stamped_headers": None, "stamps": {}},
}
PROPERTIES = {
    **{"correlation_id": CHUNK, "reply_to": "c5991fe2-2c09-320e-b462-cde238699ca3", "delivery_mode": 2, "priority": 0},
    "delivery_info": {"exchange": "", "routing_key": QUEUE},
    **{"body_encoding": "base64", "delivery_tag": "2f5e29a9-46d8-44b3-9db8-5cfbd1f706fb"},
}
#: Values that a header may have for Celery, or that has harmed a worker.
ODD = [True, 7, -1, 1.5, "7", "", "x" * 10_000, [], [7], [1, 1], [0, 0], ["1", "2"], {}, {"a": 1}, [[[[]]]], "\x1b[31m"]
#: Those of them that a header of ours may have.
ALLOWED = {
    "retries": ["7"],
    "argsrepr": ["'7'", "''"],
    "origin": ["'7'", "''"],
    "ignore_result": ["True"],
    "stamped_headers": ["[]"],
    "stamps": ["{}"],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def coded(body: Any) -> str:
    return base64.b64encode(json.dumps(body).encode()).decode()


def message(headers: Any = None, properties: Any = None) -> dict[str, Any]:
    """A message of ours, with these headers and properties instead of its own."""
    return {
        "body": coded([[CHUNK], {}, LINKS]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": HEADERS | (headers or {}),
        "properties": PROPERTIES | (properties or {}),
    }


def refused(content: Any, check: Callable[[bytes], object] = check_work) -> str:
    with pytest.raises(Refused) as caught:
        check(content if isinstance(content, bytes) else json.dumps(content).encode())
    why = str(caught.value)
    assert 0 < len(why) < 200 and why.isprintable()
    return why


@pytest.fixture
def app(redis_url: str) -> Celery:
    return make_app(redis_url)


def test_what_we_send_passes(app: Celery, redis_url: str) -> None:
    send_chunk(app, CHUNK)
    send_chunk(app, f"{CHUNK}.0001")
    send_finish(app, JOB)
    with redis.Redis.from_url(redis_url) as client:
        sent = client.lrange(KEY_PREFIX + QUEUE, 0, -1)
    assert [check_work(each) for each in sent] == [f"{JOB}/finish", f"{CHUNK}.0001", CHUNK]
    assert queued_ids(app) == {f"{JOB}/finish", f"{CHUNK}.0001", CHUNK}


def test_what_we_send_together_passes(app: Celery, redis_url: str) -> None:
    """Each message at its place, and Celery's event about it, which Flower shows."""
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as listening:
        listening.psubscribe("*task.sent")
        assert listening.get_message(timeout=10)
        send_chunks(app, [CHUNK, f"{JOB}/000001"])
        sent = client.lrange(KEY_PREFIX + QUEUE, 0, -1)
        assert [check_work(each) for each in sent] == [f"{JOB}/000001", CHUNK]
        assert all(listening.get_message(timeout=10) for _ in sent)


def test_a_repeated_and_a_delayed_message_pass() -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    headers = {"eta": soon, "retries": 3, "parent_id": CHUNK, "redelivered": True}
    where = {"exchange": "", "routing_key": QUEUE, "redelivered": True}
    properties = {"origin": "gen1@host", "delivery_info": where}
    assert check_work(json.dumps(message(headers, properties)).encode()) == CHUNK


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_of_another_type_or_value_is_refused(name: str) -> None:
    for odd in ODD:
        if repr(odd) not in ALLOWED.get(name, []):
            refused(message({name: odd}))


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_of_another_type_is_refused(name: str) -> None:
    for odd in ([], {"a": 1}, ["x"], 1.5, "x" * 10_000, "\x1b[31m"):
        refused(message(properties={name: odd}))


@pytest.mark.parametrize(
    "headers",
    [
        {"compression": "application/x-bz2"},
        {"compression": None},
        {"callbacks": []},
        {"link": []},
        {"x" * 5_000: 1},
        {"\x1b[31m": 1},
        *({"eta": eta} for eta in ("2026-01-01T00:00:00", "tomorrow", "9999-12-31T23:59:59+00:00", 1e300, "-")),
        {"expires": "2026-01-01T00:00:00+00:00"},
        {"timelimit": [1, None]},
        {"stamps": {"a": ["b"]}, "stamped_headers": ["a"]},
        {"id": "20261126-042416-abcdef/000001"},
        {"id": f"{CHUNK}\n"},
        {"task": FINISH_JOB},
        {"task": "os.system"},
    ],
    ids=lambda headers: repr(headers)[:40],
)
def test_a_header_that_we_never_send_is_refused(headers: dict[str, Any]) -> None:
    refused(message(headers))


@pytest.mark.parametrize(
    "fields",
    [
        {"content-type": "application/x-python-serialize"},
        {"content-type": "application/x-yaml"},
        {"content-type": None},
        {"content-encoding": "binary"},
        {"content-encoding": "utf-16"},
        {"body": base64.b64encode(bz2.compress(b" " * 10**6)).decode()},
        {"body": "*"},
        {"body": 7},
        {"body": None},
        {"body": coded([[CHUNK], {}])},
        {"body": coded([[CHUNK], {"a": 1}, LINKS])},
        {"body": coded([[CHUNK], {}, LINKS | {"callbacks": [{"task": "os.system"}]}])},
        {"body": coded([[CHUNK], {}, LINKS | {"chord": {}}])},
        {"body": coded({"task": INGEST_CHUNK, "args": [CHUNK]})},
        *(
            {"body": coded([arguments, {}, LINKS])}
            for arguments in ([], [7], [None], [CHUNK, CHUNK], [CHUNK + " "], CHUNK)
        ),
        {"headers": []},
        {"properties": None},
        {"extra": 1},
    ],
    ids=lambda fields: repr(fields)[:60],
)
def test_a_body_or_envelope_of_another_form_is_refused(fields: dict[str, Any]) -> None:
    refused(message() | fields)


@pytest.mark.parametrize("name", ["task", "id"])
def test_a_message_without_a_task_or_id_is_refused(name: str) -> None:
    headers = {key: value for key, value in HEADERS.items() if key != name}
    assert refused(message() | {"headers": headers}) == f"it has no header {name!r}"


def test_a_long_message_is_refused_before_it_is_parsed() -> None:
    assert refused(b"[" * 10**6) == "it has 1,000,000 bytes"
    assert refused(json.dumps(message({"origin": "x" * 8_000})).encode()).endswith("bytes")


@given(JSON)
def test_any_json_is_refused_or_ours(content: Any) -> None:
    refused(json.dumps(content).encode())


@given(st.sampled_from([*HEADERS, "compression", "ticket"]), JSON)
def test_any_header_is_refused_or_harmless(name: str, value: Any) -> None:
    try:
        task_id = check_work(json.dumps(message({name: value})).encode())
    except Refused:
        return
    assert task_id == CHUNK


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({"compression": "bzip2"}, {}),
        ({"clock": "7"}, {}),
        ({"clock": {}}, {}),
        ({"expires": "never"}, {}),
        ({"x": 1}, {}),
        ({}, {"properties": {}}),
        ({}, {"content-type": "application/x-python-serialize"}),
        ({}, {"body": coded("text")}),
        ({}, {"body": coded("x" * 300_000)}),
    ],
    ids=repr,
)
def test_a_message_of_remote_control_of_another_form_is_refused(headers: Any, fields: Any) -> None:
    control = message() | {"body": coded({"method": "ping"}), "headers": {"clock": 1, "expires": 1.5, **headers}}
    check_control(json.dumps(control | {"headers": {"clock": 1}}).encode())
    refused(control | fields, check_control)
