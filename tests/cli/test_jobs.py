"""A waiting command that is stopped, or whose broker loses its data; and repairs. Without a worker."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from lookalike.embedded import Stack
from lookalike.ledger import Job, JobState, Ledger
from lookalike.queue import make_app, queued_ids
from lookalike.records import Chunk, ImageRef, Metric, ModelIdentity, Outcome, PutAside, Wait
from lookalike.workers import ANSWER_TIMEOUT_S
from lookalike_cli import status
from lookalike_producer import stall
from testing.processes import LOOKALIKE, ROOT, TIMEOUT_S, answer, await_true, make_home, started, stop
from testing.proxy import Proxy
from testing.services.redis import RedisServer
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


def open_job(ledger: Ledger) -> str:
    model = ModelIdentity(name="m", fingerprint="f", dimension=2, metric=Metric.COSINE)
    return ledger.open_job(source="s", index="i", index_address="lancedb:///i", model=model, spec="{}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_producer_lets_its_job_end_with_what_it_has(
    environment: dict[str, str], ledger: Ledger, tmp_path: Path, number: signal.Signals
) -> None:
    with started(environment, "ingest", tmp_path / "images") as running:
        job = await_full(ledger)
        _, stderr = stop(running, number)
        assert (
            running.returncode == 128 + number and "run the same command again" in stderr and "Traceback" not in stderr
        )
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


def said_while_waiting(running: "subprocess.Popen[str]") -> str:
    """The first line on stderr that does not report progress."""
    assert running.stderr is not None
    return next(line for line in running.stderr if " images, " not in line)


@pytest.mark.parametrize("command", [["ingest"], ["sync"]])
def test_a_broker_without_workers_is_named_and_the_job_waits(
    environment: dict[str, str], ledger: Ledger, redis_url: str, tmp_path: Path, command: list[str]
) -> None:
    if command == ["sync"]:
        # `sync` compares with an index.
        lookalike(environment, "index", "create", "images")
    with started(environment, *command, tmp_path / "images") as running:
        said = said_while_waiting(running)
        assert said.startswith(f"No worker consumes the queue of {redis_url}, so the job waits. Start one")
        assert "`lookalike worker`" in said
        assert running.poll() is None and len(ledger.active_jobs()) == 1
    # A busy machine takes longer.
    assert stall.LOOK_EVERY_S + ANSWER_TIMEOUT_S < 5


def test_a_detached_job_without_workers_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    roomy = {**environment, "LOOKALIKE_QUEUE_LIMIT": "100"}
    done = lookalike(roomy, "ingest", tmp_path / "images", "--detach")
    assert "No worker consumes the queue" in done.stderr and "`lookalike worker`" in done.stderr
    shown = lookalike(environment, "status", "--json")
    assert "No worker consumes the queue" in shown.stderr
    (job,) = answer(shown)["jobs"]
    lookalike(environment, "cancel", job["job"])
    assert "No worker" not in lookalike(environment, "status", job["job"]).stderr


def test_the_images_of_an_earlier_job_are_named(
    environment: dict[str, str], ledger: Ledger, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_job(ledger)
    second = ledger.job(open_job(ledger))
    ledger.open_chunk(Chunk(f"{first}/000000", first, (ImageRef("/1.jpg"),)))
    monkeypatch.setattr(stall, "LOOK_EVERY_S", 0.05)
    ledger.open_chunk(Chunk(f"{second.id}/000000", second.id, (ImageRef("/2.jpg"),)))
    said: list[str] = []
    with stall.explained(second.id, stack=Stack(redis_url, is_embedded=True), host_wait_s=9, on_note=said.append):
        await_true(lambda: said)
        assert first in said[0] and "1 earlier job first" in said[0]
        assert not said[1:]


def first_note(job_id: str, redis_url: str) -> str:
    """What whoever waits for a job is told first."""
    said: list[str] = []
    with stall.explained(job_id, stack=Stack(redis_url, is_embedded=True), host_wait_s=9, on_note=said.append):
        await_true(lambda: said)
    return said[0]


def test_a_store_that_workers_wait_for_is_named(
    environment: dict[str, str], ledger: Ledger, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = open_job(ledger)
    chunk_id = f"{job_id}/000000"
    ledger.open_chunk(Chunk(chunk_id, job_id, (ImageRef("s3://pics/1.jpg"),)))
    ledger.claim(chunk_id)
    ledger.release(chunk_id, 30, "store", "The store at s3://pics is not available: the credentials have expired.")
    monkeypatch.setattr(stall, "LOOK_EVERY_S", 0.05)
    note = first_note(job_id, redis_url)
    assert note.startswith("The store at s3://pics is not available: the credentials have expired. The job waits")
    done = lookalike(environment, "status", job_id)
    assert note in done.stderr


def test_a_host_that_images_wait_for_is_named_with_the_time_that_is_left(
    environment: dict[str, str], ledger: Ledger, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, refs = open_job(ledger), (ImageRef("https://a.example/1.jpg"),)
    chunk = Chunk(f"{job_id}/000000", job_id, refs)
    ledger.open_chunk(chunk)
    ledger.claim(chunk.id)
    wait = Wait("https://a.example", "connection refused", time.time(), time.time())
    ledger.close_chunk(chunk, Outcome(indexed=0, unchanged=0, aside=(PutAside(refs, wait, 30),)))
    monkeypatch.setattr(stall, "LOOK_EVERY_S", 0.05)
    note = first_note(job_id, redis_url)
    assert note.startswith("1 image waits for https://a.example: connection refused. After 9 s without an answer")
    done = lookalike(environment, "status", job_id)
    assert re.search(r"https://a.example: connection refused, for \d+ s until now. After 300 s", done.stderr)


def test_a_broker_that_ends_is_named_once_and_again_after_it_was_back(
    ledger: Ledger, redis_server: RedisServer, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = open_job(ledger)
    ledger.open_chunk(Chunk(f"{job_id}/000000", job_id, (ImageRef("/1.jpg"),)))
    monkeypatch.setattr(stall, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(stall, "_has_worker", lambda url: True)
    looks, look = [0], Ledger.job

    def looked(self: Ledger, job_id: str) -> Job:
        job = look(self, job_id)
        looks.append(job.done)
        return job

    monkeypatch.setattr(Ledger, "job", looked)
    said: list[str] = []
    with stall.explained(job_id, stack=Stack(redis_url, is_embedded=False), host_wait_s=9, on_note=said.append):
        for count in (1, 2):
            redis_server.kill()
            await_true(lambda count=count: len(said) == count)  # type: ignore[misc]
            redis_server.restart()
            closed = ledger.chunk(f"{job_id}/{count - 1:06d}")
            assert closed is not None
            ledger.open_chunk(Chunk(f"{job_id}/{count:06d}", job_id, (ImageRef("/1.jpg"),)))
            ledger.close_chunk(closed, Outcome(indexed=1, unchanged=0))
            await_true(lambda count=count: looks[-1] == count)  # type: ignore[misc]
    assert len(said) == 2 and all(line.startswith(f"The broker at {redis_url} does not answer") for line in said)


def test_one_absence_of_the_broker_is_named_once_whatever_its_reasons(
    ledger: Ledger, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = open_job(ledger)
    monkeypatch.setattr(stall, "LOOK_EVERY_S", 0.05)
    asked, look = [0], Ledger.job

    def looked(self: Ledger, job_id: str) -> Job:
        asked[0] += 1
        return look(self, job_id)

    monkeypatch.setattr(Ledger, "job", looked)
    said: list[str] = []
    with Proxy("127.0.0.1", urlsplit(redis_url).port or 0) as proxy:
        stack = Stack(f"redis://127.0.0.1:{proxy.port}/0", is_embedded=False)
        proxy.refuse()
        with stall.explained(job_id, stack=stack, host_wait_s=9, on_note=said.append):
            await_true(lambda: said)
            proxy.reset()
            before = asked[0]
            await_true(lambda: asked[0] > before + 2)
    assert len(said) == 1 and "refused" in said[0]


def test_every_line_of_stdin_is_read(environment: dict[str, str]) -> None:
    lines = "".join(f"/nowhere/{number}.jpg\n" for number in range(20_000))
    command = [*LOOKALIKE, "ingest", "-", "--detach", "--json"]
    roomy = {**environment, "LOOKALIKE_QUEUE_LIMIT": "100000", "LOOKALIKE_CHUNK_SIZE": "500"}
    done = subprocess.run(command, env=roomy, input=lines, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=ROOT)
    assert answer(done)["found"] == 20_000


def test_a_repair_resends_lost_messages(
    environment: dict[str, str], ledger: Ledger, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = open_job(ledger)
    ledger.open_chunk(Chunk(f"{job_id}/000000", job_id, (ImageRef("/1.jpg"),)))
    ledger.drain(job_id)
    monkeypatch.setattr(status, "GRACE_S", 1.0)
    report = answer(lookalike(environment, "status", job_id, "--repair", "--json"))
    assert (report["repaired"], report["resent"]) == (1, 1)
    assert queued_ids(make_app(redis_url)) == {f"{job_id}/000000"}


def test_a_repair_without_lost_messages_ends_at_once(environment: dict[str, str]) -> None:
    assert answer(lookalike(environment, "status", "--repair", "--json")) == {"jobs": [], "repaired": 0}
