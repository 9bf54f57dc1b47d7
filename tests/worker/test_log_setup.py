"""The log of a real worker: every line has the configured format and its ids, and no line has a password."""

import json
import os
import re
import socket
import subprocess
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lookalike.envelope import INGEST_CHUNK
from lookalike.workers import consuming_workers
from testing.processes import LOOKALIKE, ROOT, await_true
from testing.services.ports import free_port
from testing.services.redis import RedisServer
from testing.worker_harness import WorkerHarness
from tests.worker.conftest import working

PASSWORD = "correct horse/battery"
HOSTILE = "\n2026-01-01T00:00:00 CRITICAL forged\x1b[31m/000000"


@pytest.fixture(scope="module", params=["text", "json"])
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, model_home: Path
) -> Iterator[WorkerHarness]:
    """A worker after a job, a foreign message, and a restart of the broker."""
    folder = tmp_path_factory.mktemp("journal")
    chosen = f"LOOKALIKE_LOG_FORMAT={request.param}"
    with RedisServer(PASSWORD) as server, working(server, folder, model_home, chosen) as made:
        made.app.send_task(INGEST_CHUNK, args=(HOSTILE,), task_id=HOSTILE)
        await_true(lambda: "Refused 1 message" in made.log)
        server.kill()
        await_true(lambda: "Cannot connect" in made.log)
        server.restart()
        made.assert_works()
        yield made


def test_every_line_has_the_log_format(bench: WorkerHarness) -> None:
    for line in lines(bench):
        assert line.isprintable()
        if line.startswith("{"):
            assert {"timestamp", "level", "logger", "message"} <= set(json.loads(line))
        else:
            assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00 [A-Z]+ \S+|    \| ", line), line


def test_the_log_contains_no_password(bench: WorkerHarness) -> None:
    assert "horse" not in bench.log and "redis://***@127.0.0.1" in bench.log


def test_lines_of_celery_and_lookalike_contain_job_chunk_and_task(bench: WorkerHarness) -> None:
    job = bench.ledger.jobs(1)[0].id
    chunk = f"{job}/000000"
    received = next(line for line in lines(bench) if f"[{chunk}] received" in line)
    succeeded = next(line for line in lines(bench) if f"[{chunk}] succeeded" in line)
    for line in (received, succeeded):
        if line.startswith("{"):
            entry = json.loads(line)
            assert (entry["job"], entry["chunk"], entry["task"]) == (job, chunk, chunk)
        else:
            assert f" task={chunk} job={job} chunk={chunk}: " in line
    refused = next(line for line in lines(bench) if "Refused 1 message" in line)
    assert "CRITICAL forged\\x1b" in refused.replace("\\\\", "\\")


def test_flower_hides_the_broker_password_and_ignores_a_config_file_in_the_folder(
    bench: WorkerHarness, tmp_path: Path
) -> None:
    (tmp_path / "flowerconfig.py").write_text("raise SystemExit('ran the config file of the folder')")
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LOOKALIKE_BROKER_URL": str(bench.app.conf.broker_url),
        "FLOWER_BASIC_AUTH": "a:b",
    }
    with (tmp_path / "log").open("wb") as log:
        command = [*LOOKALIKE, "flower", "--port", str(port)]
        flower = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=log, stderr=log)
        try:
            await_true(lambda: shown(f"{url}/healthcheck"))
            (worker,) = consuming_workers(bench.app)
            name, _, host = worker.partition("@")
            assert host == socket.gethostname()
            assert b"lookalike_worker" in Path("/proc", name.removeprefix("lookalike-"), "cmdline").read_bytes()
            pages = (f"/worker/{worker}", "/broker", "/", "/tasks", "/metrics")
            seen = [await_true(partial(shown, url + path)) for path in pages]
        finally:
            flower.terminate()
            flower.wait()
    assert "broker_url" in seen[0] and "redis://" in seen[0]
    assert "horse" not in "".join(seen) + (tmp_path / "log").read_text()


def shown(url: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {b64encode(b'a:b').decode()}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def lines(bench: WorkerHarness) -> list[str]:
    # In the text format, Celery prints a banner before the first line.
    every_line = bench.log.splitlines()
    return (
        every_line
        if every_line[0].startswith("{")
        else [line for line in every_line if re.match(r"\d{4}-|    \| ", line)]
    )
