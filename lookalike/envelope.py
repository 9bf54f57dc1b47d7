"""The form of a message in the broker: Celery's envelope around the id of a chunk or of a job.

Whoever can write to the broker can push any bytes into its lists. What is not exactly a message that this program
sends is refused here, before kombu unpacks it and before Celery counts it as taken: a compressed body of 600 bytes
takes gigabytes, and a header of a wrong type would leave a message that is never acknowledged.
"""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from lookalike.shown import shown

#: Declared here, so that the producer can send by name without importing the worker.
INGEST_CHUNK = "lookalike.ingest_chunk"
FINISH_JOB = "lookalike.finish_job"

#: A message of ours has 1,200 bytes; ids and the sender's name make it no longer than this.
MOST_WORK_BYTES = 8 * 1024
#: Remote control, its answers and events: the largest answer of a worker has some kilobytes.
MOST_CONTROL_BYTES = 256 * 1024
#: A worker sets no later time: it holds a message until then. A sender whose clock is further ahead is sent again.
MOST_DELAY = timedelta(minutes=5)
#: The id of a job, and the id of a chunk; see `lookalike.records.Chunk`.
_JOB = r"[0-9A-Za-z-]{1,40}"
_CHUNK = rf"{_JOB}/\d{{1,9}}(?:\.\d{{1,9}}){{0,2}}"
_TASK_ID = re.compile(rf"{_CHUNK}|{_JOB}/finish")
_ARGUMENTS = {INGEST_CHUNK: re.compile(_CHUNK), FINISH_JOB: re.compile(_JOB)}
_MOST_CHARACTERS = 300

Check = Callable[[Any], bool]


class Refused(Exception):
    """Bytes in the broker that are not a message of ours; `str()` says why, in a few words."""


def finish_id(job_id: str) -> str:
    """The task id of the message that ends a job."""
    return f"{job_id}/finish"


def check_work(message: bytes) -> str:
    """The task id of a message in the queue, which is the id of its chunk, or `finish_id`. Raises Refused."""
    envelope = _envelope(message, MOST_WORK_BYTES)
    headers, properties = envelope["headers"], envelope["properties"]
    _check_fields("header", headers, _WORK_HEADERS, needed=("id", "task"))
    _check_fields("property", properties, _PROPERTIES, needed=("body_encoding", "delivery_info", "delivery_tag"))
    task_id = str(headers["id"])
    if task_id != _sent_id(headers["task"], envelope["body"]):
        raise Refused("its id is not that of its chunk or job")
    return task_id


def check_control(message: bytes) -> None:
    """Check a message of Celery's remote control, an answer to it, or an event. Raises Refused."""
    envelope = _envelope(message, MOST_CONTROL_BYTES)
    _check_fields("header", envelope["headers"], _CONTROL_HEADERS)
    _check_fields("property", envelope["properties"], _PROPERTIES, needed=("body_encoding", "delivery_tag"))
    if not isinstance(_body(envelope["body"]), dict | list):
        raise Refused("its body is neither an object nor a list")


def _envelope(message: bytes, most_bytes: int) -> dict[str, Any]:
    if len(message) > most_bytes:
        raise Refused(f"it has {len(message):,} bytes")
    try:
        envelope = orjson.loads(message)
    except ValueError as error:
        raise Refused("it is not JSON") from error
    if not isinstance(envelope, dict) or envelope.keys() != _FIELDS.keys():
        raise Refused("it is not a message of Celery")
    _check_fields("field", envelope, _FIELDS)
    return envelope


def _check_fields(
    kind: str, given: Mapping[str, Any], checks: Mapping[str, Check], needed: tuple[str, ...] = ()
) -> None:
    for name, value in given.items():
        if name not in checks:
            raise Refused(f"its {kind} {shown(name, 40)} is unknown")
        if not checks[name](value):
            raise Refused(f"its {kind} {name!r} is {shown(value, 60)}")
    if missing := [name for name in needed if name not in given]:
        raise Refused(f"it has no {kind} {missing[0]!r}")


def _sent_id(task: str, body: str) -> str:
    """The task id that a message with this body has. Raises Refused."""
    arguments, keywords, links = _three_parts(_body(body))
    if keywords != {} or not isinstance(links, dict) or any(link is not None for link in links.values()):
        raise Refused("it has keyword arguments, callbacks or a chain")
    if not (isinstance(arguments, list) and len(arguments) == 1 and _is_text(arguments[0])):
        raise Refused("it has not one argument that is a text")
    if not _ARGUMENTS[task].fullmatch(arguments[0]):
        raise Refused(f"its argument is {shown(arguments[0], 60)}")
    argument = str(arguments[0])
    return argument if task == INGEST_CHUNK else finish_id(argument)


def _three_parts(body: Any) -> tuple[Any, Any, Any]:
    if not isinstance(body, list) or len(body) != 3:
        raise Refused("its body is not that of a task")
    return body[0], body[1], body[2]


def _body(encoded: str) -> Any:
    try:
        return orjson.loads(base64.b64decode(encoded, validate=True))
    except ValueError as error:
        raise Refused("its body is not JSON in base64") from error


def _is(*values: object) -> Check:
    # With the type, because True equals 1.
    return lambda given: any(type(given) is type(value) and given == value for value in values)


def _is_text(given: Any) -> bool:
    return isinstance(given, str) and len(given) <= _MOST_CHARACTERS and given.isprintable()


def _is_count(given: Any) -> bool:
    return type(given) is int and 0 <= given < 1_000_000


def _is_number(given: Any) -> bool:
    return type(given) in (int, float)


def _is_task_id(given: Any) -> bool:
    return isinstance(given, str) and _TASK_ID.fullmatch(given) is not None


def _is_object(given: Any) -> bool:
    return isinstance(given, dict)


def _is_soon(given: Any) -> bool:
    """A time, with its zone, that is at most MOST_DELAY from now."""
    try:
        return datetime.fromisoformat(given) <= datetime.now(UTC) + MOST_DELAY
    except (TypeError, ValueError, OverflowError):
        return False


def _is_destination(given: Any) -> bool:
    checks: dict[str, Check] = {"exchange": _is_text, "routing_key": _is_text, "redelivered": _is(True, False)}
    return isinstance(given, dict) and all(name in checks and checks[name](value) for name, value in given.items())


def _optional(check: Check) -> Check:
    return lambda given: given is None or check(given)


_FIELDS: dict[str, Check] = {
    "body": lambda given: isinstance(given, str),
    "content-type": _is("application/json"),
    "content-encoding": _is("utf-8"),
    "headers": _is_object,
    "properties": _is_object,
}
#: The headers of Celery's task protocol 2 with the values that this program gives them.
_WORK_HEADERS: dict[str, Check] = {
    "lang": _is("py"),
    "task": _is(INGEST_CHUNK, FINISH_JOB),
    "id": _is_task_id,
    "root_id": _optional(_is_task_id),
    "parent_id": _optional(_is_task_id),
    "shadow": _is(None),
    "eta": _optional(_is_soon),
    "expires": _is(None),
    "group": _is(None),
    "group_index": _is(None),
    "retries": _is_count,
    "timelimit": _is(None, [None, None]),
    "argsrepr": _is_text,
    "kwargsrepr": _is("{}"),
    "origin": _is_text,
    "ignore_result": _is(True),
    "replaced_task_nesting": _is(0),
    "stamped_headers": _is(None, []),
    "stamps": _is(None, {}),
    "redelivered": _is(True, False),
}
_CONTROL_HEADERS: dict[str, Check] = {
    "clock": _is_count,
    "expires": _optional(_is_number),
    "ticket": _is_text,
    "hostname": _is_text,
}
_PROPERTIES: dict[str, Check] = {
    "correlation_id": _is_text,
    "reply_to": _optional(_is_text),
    "origin": _is_text,
    "delivery_mode": _is(1, 2),
    "delivery_info": _is_destination,
    "priority": _is_count,
    "body_encoding": _is("base64"),
    "delivery_tag": _is_text,
}
