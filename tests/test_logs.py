"""A log message is one line, with ids, without credentials, and cannot forge another line."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from lookalike.log_limit import BURST, PER_SECOND, TRACEBACK_LINES, Output, RateLimit
from lookalike.logs import LogFormat, configure, ids, passwords, working_on
from lookalike.settings import read_settings
from testing.processes import make_home
from testing.services.redis import RedisServer
from tests.browser.stage import serving

PASSWORD = "correct horse/battery"
HOSTILE = "a\nb\x1b[31m\x9bc\u202ed\udc80.jpg"
FORMATS: list[LogFormat] = ["text", "json"]


@pytest.fixture(params=FORMATS)
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The logged text, in each format; the logging of pytest is restored afterwards."""
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers, root.level
    monkeypatch.setattr(logging.Logger.manager, "loggerDict", {})
    monkeypatch.setattr("sys.stderr", stream)
    configure(request.param, secrets=passwords(f"redis://:{'correct%20horse%2Fbattery'}@broker:6379/0"))
    yield stream
    logging.captureWarnings(False)
    root.handlers, root.level = before


def test_a_message_is_one_printable_line(written: io.StringIO) -> None:
    logging.getLogger("a").warning("Dropped %s", HOSTILE)
    (line,) = written.getvalue().splitlines()
    assert line.isprintable() and "a\\nb\\x1b[31m" in (json.loads(line)["message"] if line[0] == "{" else line)


@pytest.mark.parametrize("text", ["x" * 10**6, "a://" * 10**5, "a://b:" * 10**5])
def test_a_message_of_a_million_characters_is_cut_quickly(written: io.StringIO, text: str) -> None:
    logging.getLogger("a").warning("Dropped %s", text)
    assert "more characters" in written.getvalue() and len(written.getvalue()) < 20_000


def test_an_exception_follows_its_line_and_cannot_forge_another(written: io.StringIO) -> None:
    try:
        raise ValueError(f"{HOSTILE}\n2026-01-01 CRITICAL forged redis://:{PASSWORD}@host/0")
    except ValueError:
        logging.getLogger("a").exception("It went wrong")
    first, *others = written.getvalue().splitlines()
    if first.startswith("{"):
        assert not others and "ValueError" in json.loads(first)["exception"]
    else:
        assert others and all(line.startswith("    | ") and line.isprintable() for line in others)
    assert PASSWORD not in written.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "Connected to redis://user:hunter2@host:6379/0",
        "redis://:hunt/er2@host:6379/0",
        "https://admin:hunter2@a.example and rediss://:hunter2@b.example",
        "redis://host/0?password=hunter2&db=1",
        f"the password {PASSWORD} was wrong",
        "it was correct%20horse%2Fbattery",
    ],
)
def test_passwords_are_hidden_wherever_they_come_from(written: io.StringIO, text: str) -> None:
    logging.getLogger("kombu").info(text)
    for secret in ("hunter2", "er2@", PASSWORD, "horse"):
        assert secret not in written.getvalue()
    assert "***" in written.getvalue()


def test_text_that_only_looks_like_a_password_stays(written: io.StringIO) -> None:
    logging.getLogger("a").info("file:///images/me@home.jpg and http://host:9200/images")
    assert "file:///images/me@home.jpg and http://host:9200/images" in written.getvalue()


def test_a_line_contains_the_ids_of_the_current_task(written: io.StringIO) -> None:
    with working_on("20260102-030405-abcdef/000007.0001"):
        logging.getLogger("a").info("within")
    logging.getLogger("a").info("outside")
    within, outside = written.getvalue().splitlines()
    chunk = "20260102-030405-abcdef/000007.0001"
    if within.startswith("{"):
        entry = json.loads(within)
        assert (entry["task"], entry["chunk"], entry["job"]) == (chunk, chunk, "20260102-030405-abcdef")
        assert set(json.loads(outside)) == {"timestamp", "level", "logger", "message"}
    else:
        assert f" job=20260102-030405-abcdef chunk={chunk}: within" in within and "job=" not in outside


def test_a_finish_task_has_no_chunk_and_a_foreign_task_has_no_job() -> None:
    assert ids("20260102-030405-abcdef/finish") == {
        "task": "20260102-030405-abcdef/finish",
        "job": "20260102-030405-abcdef",
    }
    assert ids("0d3c9f8e-uuid") == {"task": "0d3c9f8e-uuid"}


@pytest.mark.parametrize("log_format", FORMATS)
def test_every_line_of_a_query_service_has_the_format(log_format: str, tmp_path: Path, model_home: Path) -> None:
    home = make_home(tmp_path, model_home)
    with RedisServer(PASSWORD) as server:
        settings = read_settings(home=home)
        with (
            serving(settings, server.url, tmp_path, log_format=log_format) as url,
            pytest.raises(HTTPError, match="404") as refused,
        ):
            urlopen(f"{url}%1b%5b31mforged%0aline?a=%1b")
        refused.value.close()
        log = (tmp_path / "output").read_text()
    lines = log.splitlines()
    assert "horse" not in log and "\x1b" not in log
    if log_format == "json":
        entries = [json.loads(line) for line in lines]
        assert {"uvicorn.access", "uvicorn.error"} <= {line["logger"] for line in entries}
    else:
        assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00 [A-Z]+ \S+: ", line) for line in lines)
    assert any("GET /%1B%5B31mforged%0Aline" in line and "404" in line for line in lines)


def record(message: str = "accept failed: %s", error: BaseException | None = None) -> logging.LogRecord:
    trace = (type(error), error, None) if error else None
    return logging.LogRecord("asyncio", logging.ERROR, "", 0, message, ("x",), trace)


def test_a_flood_of_lines_of_one_kind_is_bounded_and_counted() -> None:
    now = 0.0
    limit = RateLimit(lambda: now)
    assert sum(limit.filter(record()) for _ in range(100_000)) == BURST
    assert limit.filter(record("another kind: %s"))
    now = 1.0
    passed = [record() for _ in range(1000)]
    passed = [each for each in passed if limit.filter(each)]
    assert len(passed) == PER_SECOND
    assert "x (99,000 lines of this kind were left out)" in passed[0].getMessage()
    assert passed[1].getMessage() == "accept failed: x"


def test_tracebacks_and_kinds_without_end_are_bounded() -> None:
    limit = RateLimit(lambda: 0.0)
    assert sum(limit.filter(record(error=OSError())) for _ in range(10_000)) == BURST / TRACEBACK_LINES
    assert sum(limit.filter(record(f"kind {number}: %s")) for number in range(10_000)) < 3000


def test_a_line_that_cannot_be_written_writes_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    full = open("/dev/full", "w")  # noqa: SIM115
    logger = logging.Logger("a")
    logger.addHandler(Output(full))
    logger.error("A line")
    logger.error("%d", "not a number")
    with suppress(OSError):
        full.close()
    assert capsys.readouterr().err == ""


def test_every_program_logs_with_these_bounds(written: io.StringIO) -> None:
    (handler,) = (item for item in logging.getLogger().handlers if isinstance(item, Output))
    assert isinstance(handler.filters[0], RateLimit)
    for _ in range(int(BURST) + 50):
        logging.getLogger("a").warning("again")
    assert BURST <= len(written.getvalue().splitlines()) < BURST + 50
