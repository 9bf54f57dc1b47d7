"""The format of log lines: JSON or text, without passwords, with the ids of the task, job and chunk.

Imports neither Celery nor uvicorn; the programs that run those make them log through this module.
"""

import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pythonjsonlogger.json import JsonFormatter

from lookalike.log_limit import Output, RateLimit
from lookalike.shown import visible

LogFormat = Literal["text", "json"]

#: Replaces a password.
HIDDEN = "***"
#: Shorter passwords are hidden in URLs only: elsewhere they would hide parts of words.
SHORTEST_SECRET = 5
#: Longer messages are cut, because a message may quote hostile input.
MOST_CHARACTERS = 16_384
#: User and password of a URL, also if the password contains an unescaped slash. All repetitions are bounded, because
#: otherwise the time grows with the square of the length.
_LOGIN = re.compile(
    r"(?<![a-zA-Z0-9+.-])([a-zA-Z][a-zA-Z0-9+.-]{0,30}://)"
    r"(?:[^\s\"'<>/]{0,300}|[^\s\"'<>/@:]{0,100}:[^\s\"'<>@]{0,300})@"
)
_PARAMETER = re.compile(r"(?i)([?&](?:password|api_key|token)=)[^&\s\"'<>]*")
#: The id of a chunk, which is also the id of its task; see `lookalike.records.Chunk`.
_CHUNK = re.compile(r"([^/\s]+)/\d+(?:\.\d+)*")

_task: ContextVar[str | None] = ContextVar("task", default=None)


def configure(log_format: LogFormat, *, level: int = logging.INFO, secrets: Iterable[str] = ()) -> None:
    """Make every logger of this process write to stderr in this format; handlers of other libraries are removed."""
    handler = Output(sys.stderr)
    handler.addFilter(RateLimit())
    handler.setFormatter(_JsonLines(secrets) if log_format == "json" else _TextLines(secrets))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for logger in (item for item in logging.Logger.manager.loggerDict.values() if isinstance(item, logging.Logger)):
        logger.handlers = []
        logger.propagate = True
    logging.captureWarnings(True)


@contextmanager
def working_on(task_id: str | None) -> Iterator[None]:
    """Lines that this thread logs inside the block carry the ids of task, job and chunk from `task_id`."""
    token = _task.set(task_id)
    try:
        yield
    finally:
        _task.reset(token)


def ids(task_id: str) -> dict[str, str]:
    """Task, job and chunk from the id of a task: "job/number" is a chunk, "job/finish" the end of a job."""
    if chunk := _CHUNK.fullmatch(task_id):
        return {"task": task_id, "job": chunk[1], "chunk": task_id}
    job = task_id.removesuffix("/finish")
    return {"task": task_id} | ({"job": job} if job != task_id else {})


def passwords(*urls: str | None) -> list[str]:
    """The passwords in URLs, escaped and unescaped."""
    found = [urlsplit(url).password for url in urls if url]
    return [text for password in found if password for text in {password, unquote(password)}]


class _Cleaner:
    """Removes credentials, and characters that would forge a line or control a terminal."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def plain(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        if len(text) > MOST_CHARACTERS:
            text = f"{text[:MOST_CHARACTERS]}... and {len(text) - MOST_CHARACTERS:,} more characters"
        text = _PARAMETER.sub(rf"\1{HIDDEN}", _LOGIN.sub(rf"\1{HIDDEN}@", text))
        return visible(text)

    def lines(self, text: str) -> list[str]:
        return [self.plain(line) for line in text.split("\n")]


class _JsonLines(JsonFormatter):
    """One JSON object per line, in ASCII."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__(json_ensure_ascii=True)
        self._cleaner = _Cleaner(secrets)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        plain = self._cleaner.plain
        log_data |= {"timestamp": _time(record), "level": record.levelname, "logger": record.name}
        log_data["message"] = plain((record.message or str(record.msg)).rstrip("\n"))
        log_data |= {name: plain(id) for name, id in _ids_of(record).items()}
        if trace := message_dict.get("exc_info"):
            log_data["exception"] = "\n".join(self._cleaner.lines(trace))


class _TextLines(logging.Formatter):
    """One line of text; the lines of an exception are indented, so that they cannot pass for log lines."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._cleaner = _Cleaner(secrets)

    def format(self, record: logging.LogRecord) -> str:
        plain = self._cleaner.plain
        shown = "".join(f" {name}={plain(id)}" for name, id in _ids_of(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}{shown}: {plain(record.getMessage().rstrip(chr(10)))}"
        trace = self.formatException(record.exc_info) if record.exc_info else record.exc_text or ""
        return "\n    | ".join([line, *(self._cleaner.lines(trace) if trace else ())])


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _ids_of(record: logging.LogRecord) -> dict[str, str]:
    """The ids of the task that the record names, as Celery's records do, or else of the current task."""
    data = getattr(record, "data", None)
    task = data.get("id") if isinstance(data, Mapping) else None
    task_id = task or _task.get()
    return ids(str(task_id)) if task_id else {}
