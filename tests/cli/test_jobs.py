"""A waiting command that is stopped, or whose broker loses its data; and repairs. Without a worker."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from lookalike.ledger import Job, JobState, Ledger
from lookalike.queue import make_app, queued_ids
from lookalike.records import Chunk, ImageRef, Metric, ModelIdentity, Outcome
from lookalike_cli import status
from testing.processes import LOOKALIKE, ROOT, TIMEOUT_S, answer, await_true, make_home, started, stop
from tests.cli.inprocess import lookalike

QUEUE_LIMIT = 2


@pytest.fixture
def environment(tmp_path: Path, model_home: Path, redis_url: str) -> dict[str, str]:
    """A broker without workers, so that the producer waits as soon as the queue is full."""
    home = make_home(tmp_path, model_home)
    (tmp_path / "images").mkdir()
    for number in range(50):
        (tmp_path / "images" / f"{number}.jpg").touch()
    chosen = {"LOOKALIKE_CHUNK_SIZE": "8", "LOOKALIKE_QUEUE_LIMIT": str(QUEUE_LIMIT)}
    return {**os.environ, "LOOKALIKE_HOME": str(home), "LOOKALIKE_BROKER_URL": redis_url, **chosen}


@pytest.fixture
def ledger(redis_url: str) -> Iterator[Ledger]:
    opened = Ledger(redis_url)
    yield opened
    opened.close()


def await_full(ledger: Ledger) -> Job:
    def full() -> Job | None:
        return next((job for job in ledger.active_jobs() if ledger.outstanding(job.id) == QUEUE_LIMIT), None)

    job = await_true(full)
    assert isinstance(job, Job)
    return job


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_producer_lets_its_job_end_with_what_it_has(
    environment: dict[str, str], ledger: Ledger, tmp_path: Path, number: signal.Signals
) -> None:
    with started(environment, "ingest", tmp_path / "images") as running:
        job = await_full(ledger)
        _, stderr = stop(running, number)
        assert running.returncode == 1 and "run the same command again" in stderr and "Traceback" not in stderr
    assert ledger.job(job.id).state is JobState.DRAINING
    assert ledger.outstanding(job.id) == QUEUE_LIMIT


def test_a_broker_that_lost_its_data_gives_a_message(
    environment: dict[str, str], ledger: Ledger, redis_url: str, tmp_path: Path
) -> None:
    with started(environment, "ingest", tmp_path / "images") as running:
        await_full(ledger)
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        _, stderr = running.communicate(timeout=TIMEOUT_S)
    assert running.returncode == 1 and "lost its data" in stderr and "same command again" in stderr


def test_a_waiting_producer_renews_its_heartbeat(
    environment: dict[str, str], ledger: Ledger, redis_url: str, tmp_path: Path
) -> None:
    with started(environment, "ingest", tmp_path / "images"), redis.Redis.from_url(redis_url) as client:
        job = await_full(ledger)
        client.delete(f"lookalike:ledger:producer:{job.id}")
        await_true(lambda: ledger.has_producer(job.id))


def test_a_producer_that_was_declared_dead_ends_with_a_message(
    environment: dict[str, str], ledger: Ledger, tmp_path: Path
) -> None:
    with started(environment, "ingest", tmp_path / "images") as running:
        job = await_full(ledger)
        ledger.drain(job.id, ending=JobState.INTERRUPTED)
        for number in range(QUEUE_LIMIT):
            chunk = ledger.chunk(f"{job.id}/{number:06d}")
            assert chunk is not None
            ledger.close_chunk(chunk, Outcome(indexed=len(chunk.refs), unchanged=0))
        ledger.finish(job.id)
        _, stderr = running.communicate(timeout=TIMEOUT_S)
    assert running.returncode == 1 and job.id in stderr and "ended early" in stderr


def test_every_line_of_stdin_is_read(environment: dict[str, str]) -> None:
    lines = "".join(f"/nowhere/{number}.jpg\n" for number in range(20_000))
    command = [*LOOKALIKE, "ingest", "-", "--detach", "--json"]
    roomy = {**environment, "LOOKALIKE_QUEUE_LIMIT": "100000", "LOOKALIKE_CHUNK_SIZE": "500"}
    done = subprocess.run(command, env=roomy, input=lines, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=ROOT)
    assert answer(done)["found"] == 20_000


def test_a_repair_resends_lost_messages(
    environment: dict[str, str], ledger: Ledger, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModelIdentity(name="m", fingerprint="f", dimension=2, metric=Metric.COSINE)
    job_id = ledger.open_job(source="s", index="i", index_address="lancedb:///i", model=model, spec="{}")
    ledger.open_chunk(Chunk(f"{job_id}/000000", job_id, (ImageRef("/1.jpg"),)))
    ledger.drain(job_id)
    monkeypatch.setattr(status, "GRACE_S", 1.0)
    report = answer(lookalike(environment, "status", job_id, "--repair", "--json"))
    assert (report["repaired"], report["resent"]) == (1, 1)
    assert queued_ids(make_app(redis_url)) == {f"{job_id}/000000"}


def test_a_repair_without_lost_messages_ends_at_once(environment: dict[str, str]) -> None:
    assert answer(lookalike(environment, "status", "--repair", "--json")) == {"jobs": [], "repaired": 0}
