"""The jobs of the ledger over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import redis

from lookalike.ledger import Ledger
from lookalike.ledger.connection import PREFIX
from lookalike.records import Chunk, ImageRef, ModelIdentity
from lookalike.settings import Settings, read_settings
from lookalike_api.retries import Retries
from testing.processes import await_true
from tests.api.service import serving
from tests.api.test_bad_input import problem_detail

KEY = "a key for this test"


def test_a_job_has_its_counts_and_reasons(lance_client: httpx2.Client, stored: list[ImageRef]) -> None:
    job = lance_client.get("/jobs").json()["jobs"][-1]
    assert (job["state"], job["index"], job["model"]) == ("finished", "images", "efficientnet-lite0")
    assert (job["found"], job["indexed"], job["rejected"]) == (len(stored) + 1, len(stored), 1)
    assert (job["outstanding"], job["reasons"]) == (0, {"unsupported": 1})
    assert job["began"] <= job["ended"]
    assert lance_client.get(f"/jobs/{job['id']}").json() == job


def test_the_rejected_images_are_paged(lance_client: httpx2.Client) -> None:
    # Of several jobs that saw the image, the last one has it.
    jobs = [job for job in lance_client.get("/jobs").json()["jobs"] if job["rejected"]]
    pages = {job["id"]: lance_client.get(f"/jobs/{job['id']}/failed").json() for job in jobs}
    job_id, failed = next((id, page) for id, page in pages.items() if page["total"])
    assert failed["total"] == 1
    assert [Path(item["uri"]).name for item in failed["failed"]] == ["text.jpg"]
    assert failed["failed"][0]["reason"] == "unsupported" and failed["failed"][0]["detail"]
    assert lance_client.get(f"/jobs/{job_id}/failed?offset=1").json() == {"failed": [], "total": 1}
    problem_detail(lance_client.get(f"/jobs/{job_id}/failed?limit=0"), 400)


def test_a_running_job_comes_first_and_counts_its_chunks(
    lance_client: httpx2.Client, lance: Settings, broker_url: str
) -> None:
    ledger = Ledger(broker_url)
    identity = ModelIdentity("other", "f" * 16, 3, "cosine")  # type: ignore[arg-type]
    job_id = ledger.open_job(source="/a", index="other", index_address="", model=identity, spec="{}")
    for number in range(2):
        ledger.open_chunk(Chunk(f"{job_id}/{number}", job_id, (ImageRef(f"/a/{number}.jpg"),)))
    try:
        job = lance_client.get("/jobs").json()["jobs"][0]
        assert (job["id"], job["state"], job["found"], job["outstanding"]) == (job_id, "enumerating", 2, 2)
        assert job["ended"] is None
        metrics = lance_client.get("/metrics").text
        assert "lookalike_chunks_outstanding 2.0" in metrics
        assert 'lookalike_jobs{state="enumerating"} 1.0' in metrics
        assert f'lookalike_job_images{{job="{job_id}",outcome="found"}} 2.0' in metrics
    finally:
        ledger.fail(job_id, "The test is over.")
        ledger.close()
    job = lance_client.get(f"/jobs/{job_id}").json()
    assert (job["state"], job["error"], job["outstanding"]) == ("failed", "The test is over.", 0)


def test_who_may_retry(lance_client: httpx2.Client, lance: Settings) -> None:
    """The user that runs a service without a key; a key only if it is said so."""
    assert lance_client.get("/info").json()["may_retry"] is True
    assert "no such job" in problem_detail(lance_client.post("/jobs/20000101-000000-abcdef/retry"), 404)
    with serving(read_settings(**{**lance.model_dump(), "api_key": KEY}), is_ready=False) as client:
        client.headers["X-API-Key"] = KEY
        job = client.get("/jobs").json()["jobs"][0]["id"]
        assert client.get("/info").json()["may_retry"] is False
        assert "LOOKALIKE_API_RETRY" in problem_detail(client.post(f"/jobs/{job}/retry"), 403)
    with serving(read_settings(**{**lance.model_dump(), "api_key": KEY, "api_retry": True}), is_ready=False) as client:
        assert client.get("/info", headers={"X-API-Key": KEY}).json()["may_retry"] is True


def test_a_broker_that_takes_no_jobs_is_told(lance_client: httpx2.Client, broker_url: str) -> None:
    job = lance_client.get("/jobs").json()["jobs"][-1]["id"]
    with redis.Redis.from_url(broker_url) as client:
        client.replicaof("127.0.0.1", 9)
        try:
            assert "takes no jobs" in problem_detail(lance_client.post(f"/jobs/{job}/retry"), 503)
        finally:
            client.replicaof("NO", "ONE")


def test_the_log_of_the_service_tells_that_a_retry_failed(lance: Settings, caplog: pytest.LogCaptureFixture) -> None:
    retries = Retries(lance)
    assert retries.start("20000101-000000-abcdef")
    said = await_true(lambda: [line for line in caplog.messages if line.startswith("The retry of the job")])
    assert "20000101-000000-abcdef failed (exit code 1)" in said[0] and "retries.log has more" in said[0]
    assert "it said nothing" not in said[0] and "\n" not in said[0]
    retries.close()


@pytest.fixture
def damaged(broker_url: str) -> Iterator[dict[str, str]]:
    """Running jobs, one for each record of it that another program has overwritten."""
    ledger = Ledger(broker_url)
    identity = ModelIdentity("other", "f" * 16, 3, "cosine")  # type: ignore[arg-type]
    opened = {
        kind: ledger.open_job(source=f"/{kind}", index="other", index_address="", model=identity, spec="{}")
        for kind in ("job", "fields", "outstanding", "opened", "rejected", "payload", "valid")
    }
    with redis.Redis.from_url(broker_url) as client:
        for kind in ("job", "outstanding", "opened", "rejected"):
            client.delete(f"{PREFIX}{kind}:{opened[kind]}")
            client.set(f"{PREFIX}{kind}:{opened[kind]}", "not a hash")
        client.hset(f"{PREFIX}job:{opened['fields']}", mapping={"state": "odd", "found": "many", "started_at": b"\xff"})
        for kind in ("rejected", "payload"):
            client.hset(f"{PREFIX}job:{opened[kind]}", "rejected", 1)
        client.hset(f"{PREFIX}rejected:{opened['payload']}", "/a.jpg", "not JSON")
        client.hset(f"{PREFIX}counters", "lost", "many")
        client.zadd(f"{PREFIX}hosts", {"odd": 1})
        client.set(f"{PREFIX}work:odd", "not a hash")
        yield opened
        for kind, job_id in opened.items():
            client.delete(
                *(f"{PREFIX}{name}:{job_id}" for name in ("job", kind, "outstanding", "producer", "rejected"))
            )
            client.zrem(f"{PREFIX}jobs", job_id)
            client.srem(f"{PREFIX}active", job_id)
        client.hdel(f"{PREFIX}counters", "lost")
        client.zrem(f"{PREFIX}hosts", "odd")
        client.delete(f"{PREFIX}work:odd")
    ledger.close()


def test_a_record_of_a_wrong_type_harms_itself_alone(lance_client: httpx2.Client, damaged: dict[str, str]) -> None:
    shown = {job["id"] for job in lance_client.get("/jobs").json()["jobs"]}
    hidden = {damaged["job"], damaged["fields"]}
    assert shown >= set(damaged.values()) - hidden and not shown & hidden
    metrics = lance_client.get("/metrics").text
    assert "lookalike_broker_up 1.0" in metrics
    assert f'lookalike_job_images{{job="{damaged["valid"]}",outcome="found"}} 0.0' in metrics
    for name in ("lookalike_chunks_outstanding", "lookalike_lost_attempts_total", "lookalike_queue_messages"):
        assert f"\n{name} " in metrics
    for kind in ("job", "fields"):
        problem_detail(lance_client.get(f"/jobs/{damaged[kind]}"), 500)
    assert lance_client.get(f"/jobs/{damaged['rejected']}").json()["reasons"] == {}


@pytest.mark.parametrize("path", ["/jobs/unknown", "/jobs/unknown/failed", "/jobs/*", "/jobs/:"])
def test_an_unknown_job_is_not_found(lance_client: httpx2.Client, path: str) -> None:
    problem_detail(lance_client.get(path), 404)


def test_without_a_broker_searches_work_and_jobs_do_not(lance: Settings, query: bytes) -> None:
    alone = read_settings(**{**lance.model_dump(exclude={"broker_url"}), "broker_url": None})
    with serving(alone) as client:
        assert "No broker" in problem_detail(client.get("/jobs"), 503)
        assert client.get("/health/ready").json()["broker"] == "not configured"
        assert client.post("/search", content=query).status_code == 200


def test_searches_work_while_the_broker_is_away(lance: Settings, query: bytes) -> None:
    away = read_settings(**{**lance.model_dump(), "broker_url": "redis://secret:word@127.0.0.1:1/0"})
    with serving(away) as client:
        answer = client.get("/jobs")
        problem_detail(answer, 503)
        assert "word" not in answer.text and "Retry-After" in answer.headers
        assert client.get("/health/ready").json()["broker"] == "away"
        assert "lookalike_broker_up 0.0" in client.get("/metrics").text
        assert client.post("/search", content=query).status_code == 200
