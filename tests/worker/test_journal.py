"""What a real worker writes: every line in the asked form, with ids, and without the broker's password."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.queue import INGEST_CHUNK
from tests.running import await_true
from tests.services.redis import RedisServer
from tests.worker.bench import Bench
from tests.worker.conftest import working

PASSWORD = "correct horse/battery"
HOSTILE = "\n2026-01-01T00:00:00 CRITICAL forged\x1b[31m/000000"


@pytest.fixture(scope="module", params=["text", "json"])
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, model_home: Path
) -> Iterator[Bench]:
    """A worker that has been through it: a job, a message that is not ours, and a broker that was away."""
    folder = tmp_path_factory.mktemp("journal")
    chosen = f"LOOKALIKE_LOG_FORMAT={request.param}"
    with RedisServer(PASSWORD) as server, working(server, folder, model_home, chosen) as made:
        made.app.send_task(INGEST_CHUNK, args=(HOSTILE,), task_id=HOSTILE)
        await_true(lambda: "Dropped a message" in made.log)
        server.kill()
        await_true(lambda: "Cannot connect" in made.log)
        server.restart()
        made.assert_works()
        yield made


def test_every_line_has_the_form(bench: Bench) -> None:
    for line in lines(bench):
        assert line.isprintable()
        if line.startswith("{"):
            assert {"timestamp", "level", "logger", "message"} <= set(json.loads(line))
        else:
            assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00 [A-Z]+ \S+|    \| ", line), line


def test_the_passwords_are_nowhere(bench: Bench) -> None:
    assert "horse" not in bench.log and "redis://***@127.0.0.1" in bench.log


def test_lines_of_celery_and_of_ours_carry_job_chunk_and_task(bench: Bench) -> None:
    job = bench.ledger.jobs(1)[0].id
    chunk = f"{job}/000000"
    received = next(line for line in lines(bench) if f"[{chunk}] received" in line)
    succeeded = next(line for line in lines(bench) if f"[{chunk}] succeeded" in line)
    for line in (received, succeeded):
        if line.startswith("{"):
            told = json.loads(line)
            assert (told["job"], told["chunk"], told["task"]) == (job, chunk, chunk)
        else:
            assert f" task={chunk} job={job} chunk={chunk}: " in line
    dropped = next(line for line in lines(bench) if "Dropped a message" in line)
    assert "task" in dropped and "CRITICAL forged\\x1b" in dropped.replace("\\\\", "\\")


def lines(bench: Bench) -> list[str]:
    # Celery's banner in the text form is for people, and comes before the first line.
    told = bench.log.splitlines()
    return told if told[0].startswith("{") else [line for line in told if re.match(r"\d{4}-|    \| ", line)]
