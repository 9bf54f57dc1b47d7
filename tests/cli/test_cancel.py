"""`lookalike cancel` where no worker runs: the command itself brings the job to its end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.ledger import JobState, Ledger
from lookalike.records import Chunk, ImageRef, Metric, ModelIdentity, Outcome
from testing.processes import TIMEOUT_S, answer, await_true, make_home, started
from tests.cli.inprocess import lookalike
from tests.cli.test_json_contracts import missing

QUEUE_LIMIT = 2
CHUNK_SIZE = 8
MODEL = ModelIdentity(name="m", fingerprint="f", dimension=2, metric=Metric.COSINE)


@pytest.fixture
def environment(tmp_path: Path, model_home: Path, redis_url: str) -> dict[str, str]:
    home = make_home(tmp_path, model_home)
    (tmp_path / "images").mkdir()
    for number in range(6 * CHUNK_SIZE):
        (tmp_path / "images" / f"{number}.jpg").touch()
    chosen = {"LOOKALIKE_CHUNK_SIZE": str(CHUNK_SIZE), "LOOKALIKE_QUEUE_LIMIT": str(QUEUE_LIMIT)}
    return {**os.environ, "LOOKALIKE_HOME": str(home), "LOOKALIKE_BROKER_URL": redis_url, **chosen}


@pytest.fixture
def ledger(redis_url: str) -> Iterator[Ledger]:
    opened = Ledger(redis_url)
    yield opened
    opened.close()


def open_job(ledger: Ledger, index_address: str = "lancedb:///nowhere") -> str:
    return ledger.open_job(source="s", index="i", index_address=index_address, model=MODEL, spec="{}")


def test_a_job_that_waits_for_workers_is_cancelled_with_its_producer(
    environment: dict[str, str], ledger: Ledger, tmp_path: Path
) -> None:
    with started(environment, "ingest", tmp_path / "images") as running:
        job = await_true(lambda: next((job for job in ledger.active_jobs() if job.found == 16), None))
        said = answer(lookalike(environment, "cancel", job.id, "--json"))
        _, stderr = running.communicate(timeout=TIMEOUT_S)
    assert running.returncode == 1 and f"{job.id} was cancelled: 0 of 16 images" in stderr and "Traceback" not in stderr
    assert missing(said, "cancel") == []
    assert (said["state"], said["found"], said["indexed"], said["not_done"]) == ("cancelled", 16, 0, 16)
    assert ledger.outstanding(job.id) == 0 and ledger.active_jobs() == []
    again = lookalike(environment, "cancel", job.id)
    assert again.stdout.count("\n") == 1 and "16 not done" in again.stdout
    assert "Nothing to retry" in lookalike(environment, "failed", "retry", job.id).stderr
    assert "cancelled" in lookalike(environment, "status").stdout


@pytest.mark.parametrize("job_id", ["20200101-000000-000000", "", "*", "\udcff"])
def test_an_unknown_job_is_named(environment: dict[str, str], job_id: str) -> None:
    done = lookalike(environment, "cancel", job_id, code=1)
    assert "There is no job" in done.stderr and "lookalike status" in done.stderr and done.stdout == ""


def test_a_job_that_ended_otherwise_is_named(environment: dict[str, str], ledger: Ledger) -> None:
    finished, failed = open_job(ledger), open_job(ledger)
    ledger.drain(finished)
    ledger.finish(finished)
    ledger.fail(failed, "wrong model")
    assert "is finished already" in lookalike(environment, "cancel", finished, code=2).stderr
    assert "is failed already" in lookalike(environment, "cancel", failed, code=2).stderr
    assert ledger.job(failed).error == "wrong model"


def test_the_index_of_another_address_is_named(environment: dict[str, str], ledger: Ledger) -> None:
    job_id = open_job(ledger)
    done = lookalike(environment, "cancel", job_id)
    assert "index restore i" in done.stderr and "lancedb:///nowhere" in done.stderr
    assert ledger.job(job_id).state is JobState.CANCELLED


def test_a_chunk_in_the_hands_of_a_worker_is_counted(environment: dict[str, str], ledger: Ledger) -> None:
    job_id = open_job(ledger)
    held, queued = (
        Chunk(f"{job_id}/{n:06d}", job_id, tuple(ImageRef(f"/{n}/{m}.jpg") for m in range(3))) for n in (0, 1)
    )
    for chunk in (held, queued):
        ledger.open_chunk(chunk)
    assert ledger.claim(held.id)
    with started(environment, "cancel", job_id) as cancelling:
        await_true(lambda: ledger.outstanding_ids(job_id) == [held.id])
        assert ledger.claim(queued.id) is None
        assert ledger.close_chunk(held, Outcome(indexed=2, unchanged=1))
        stdout, _ = cancelling.communicate(timeout=TIMEOUT_S)
    assert "6 found = 2 indexed + 1 unchanged + 0 rejected + 3 not done" in stdout
