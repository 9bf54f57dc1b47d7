"""A load goes on after processes of the embedded stack were killed, and its numbers are the same."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

import lookalike
from lookalike.embedded.redis_server import socket_path
from lookalike.ledger import JobState
from testing.processes import LOOKALIKE, ROOT, TIMEOUT_S, await_true, processes
from tests.image_index.conftest import jobs_done, many_images
from tests.image_index.test_processes import INGEST, SLOW, running

MANY = 120


@pytest.fixture
def many(tmp_path: Path, drawn: tuple[Path, Path]) -> Path:
    return many_images(drawn[0], tmp_path / "many", MANY)


def kill(home: Path, *names: str) -> None:
    """Send SIGKILL to the Redis, or to the worker and its children."""
    victims = []
    if "redis" in names:
        # Redis overwrites its environment, by which `processes` finds the others.
        with redis.Redis(unix_socket_path=str(socket_path(home))) as client:
            victims.append(client.info("server")["process_id"])
    if "worker" in names:
        lines = processes(home).items()
        victims += [pid for pid, line in lines if "-m lookalike_worker" in line and "process_guard" not in line]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)


def test_a_load_goes_on_after_redis_the_worker_and_both_were_killed(embedded: dict[str, Any], many: Path) -> None:
    home = embedded["home"]
    environment = {**os.environ, "LOOKALIKE_HOME": str(home), "LOOKALIKE_CONCURRENCY": "1", "LOOKALIKE_CHUNK_SIZE": "4"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen([*LOOKALIKE, "ingest", str(many)], env=environment, **pipes) as ingest:
        try:
            await_true(lambda: jobs_done(home) or ingest.poll() is not None)
            for names in (["redis"], ["worker"], ["redis", "worker"]):
                done = await_true(lambda: jobs_done(home) or ingest.poll() is not None)
                kill(home, *names)
                await_true(lambda done=done: jobs_done(home) > done or ingest.poll() is not None)  # type: ignore[misc]
            stdout, stderr = ingest.communicate(timeout=TIMEOUT_S)
        finally:
            ingest.kill()
    assert ingest.returncode == 0, stderr
    assert f"{MANY} found = {MANY} indexed + 0 unchanged + 0 rejected" in stdout
    assert all("of" in line and "images" in line for line in stderr.splitlines()), stderr
    with lookalike.open(**embedded) as images:
        assert images.count() == MANY


def test_a_command_takes_the_stack_over_when_its_owner_is_killed(embedded: dict[str, Any], many: Path) -> None:
    home = embedded["home"]
    with (
        running(INGEST, home, many, environment=SLOW) as owner,
        lookalike.open("other", **embedded, chunk_size=4) as images,
    ):
        await_true(lambda: jobs_done(home) or owner.poll() is not None)
        with ThreadPoolExecutor() as threads:
            joined = threads.submit(images.ingest, many, progress=False)
            await_true(lambda: any(images.jobs()) or joined.done())
            owner.kill()
            report = joined.result(TIMEOUT_S)
        assert (report.found, report.indexed) == (MANY, MANY) and images.count() == MANY
        with lookalike.open(**embedded) as theirs:
            (job,) = theirs.jobs()
    assert job.state is JobState.INTERRUPTED and job.done + job.not_done == job.found
