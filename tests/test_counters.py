"""The totals in the ledger count everything once, by host and reason, and outlive the jobs."""

from collections.abc import Iterator

import pytest
import redis

from lookalike.ledger import ChunkTimings, Ledger
from lookalike.ledger.connection import PREFIX
from lookalike.records import Chunk, Outcome, Reason, Rejected
from tests.test_ledger import chunk, open_job

DONE = ChunkTimings("host-a", {"read": 0.5, "embed": 1.25})


@pytest.fixture
def ledger(redis_url: str) -> Iterator[Ledger]:
    opened = Ledger(redis_url)
    yield opened
    opened.close()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened


def opened(ledger: Ledger, number: int = 0, size: int = 3) -> Chunk:
    made = chunk(open_job(ledger), number, size)
    ledger.open_chunk(made)
    return made


def expire_lease(client: redis.Redis, made: Chunk) -> None:
    """Removes a lease, as if its process had died and the lease had ended."""
    client.delete(f"{PREFIX}lease:{made.id}")


def test_a_chunk_closed_twice_counts_once(ledger: Ledger) -> None:
    made = opened(ledger)
    outcome = Outcome(indexed=1, unchanged=1, rejected=(Rejected(made.refs[2].uri, Reason.CORRUPT),), annotated=1)
    ledger.close_chunk(made, outcome, DONE)
    ledger.close_chunk(made, outcome, DONE)
    assert (ledger.job(made.job).indexed, ledger.job(made.job).annotated) == (1, 1)
    counters = ledger.counters()
    assert counters.hosts == {"host-a": {"indexed": 1, "unchanged": 1, "rejected": 1, "chunks": 1}}
    assert (counters.seconds, counters.rejected) == ({"read": 0.5, "embed": 1.25}, {"corrupt": 1})


def test_a_rejection_that_is_repeated_is_no_news(ledger: Ledger) -> None:
    made = opened(ledger)
    rejected = tuple(Rejected(ref.uri, Reason.CORRUPT) for ref in made.refs)
    outcome = Outcome(indexed=0, unchanged=0, rejected=rejected, repeated=frozenset({made.refs[0].uri}))
    ledger.close_chunk(made, outcome, DONE)
    assert (ledger.counters().rejected, ledger.job(made.job).rejected) == ({"corrupt": 2}, 3)
    assert (ledger.job(made.job).still_rejected, ledger.job(made.job).reasons) == (1, {"corrupt": 3})


def test_totals_grow_over_jobs_and_hosts_and_outlive_the_jobs(ledger: Ledger) -> None:
    for host in ("host-a", "host-b", "host-a"):
        made = opened(ledger)
        ledger.close_chunk(made, Outcome(indexed=3, unchanged=0), ChunkTimings(host, {"read": 0.1}))
        ledger.fail(made.job, "stopped")
    counters = ledger.counters()
    assert {host: work["indexed"] for host, work in counters.hosts.items()} == {"host-a": 6, "host-b": 3}
    assert counters.seconds == {"read": pytest.approx(0.3)}


def test_a_host_without_chunks_for_a_day_is_forgotten(ledger: Ledger, client: redis.Redis) -> None:
    ledger.close_chunk(opened(ledger), Outcome(indexed=3, unchanged=0), ChunkTimings("long-gone"))
    assert 0 < client.ttl(f"{PREFIX}work:long-gone") <= 86_400
    client.zadd(f"{PREFIX}hosts", {"long-gone": 1.0})
    ledger.close_chunk(opened(ledger), Outcome(indexed=3, unchanged=0), DONE)
    assert set(ledger.counters().hosts) == {"host-a"}


def test_a_retry_counts_for_the_service_that_was_away(ledger: Ledger) -> None:
    made = opened(ledger)
    for away in ("index", "index", "source"):
        ledger.claim(made.id)
        ledger.release(made.id, 0.0, away)
    assert ledger.counters().away == {"index": 2, "source": 1}
    assert ledger.counters().lost == 0


def test_every_lost_attempt_counts_once_including_those_of_parts(ledger: Ledger, client: redis.Redis) -> None:
    made = opened(ledger)
    ledger.claim(made.id)
    expire_lease(client, made)
    ledger.claim(made.id)
    assert ledger.counters().lost == 1
    parts = made.parts()
    ledger.split(made, parts, 1)
    for part in parts:
        ledger.claim(part.id)
    assert ledger.counters().lost == 1
    expire_lease(client, parts[0])
    ledger.claim(parts[0].id)
    assert ledger.counters().lost == 2


def test_a_lost_attempt_does_not_count_again_when_the_chunk_is_released(ledger: Ledger, client: redis.Redis) -> None:
    made = opened(ledger)
    ledger.claim(made.id)
    expire_lease(client, made)
    for _ in range(3):
        ledger.claim(made.id)
        ledger.release(made.id, 0.0, "index")
    assert ledger.counters().lost == 1


def test_timeouts_and_resent_messages_are_counted(ledger: Ledger) -> None:
    made = opened(ledger)
    ledger.claim(made.id)
    ledger.record_timeout(made.id)
    ledger.count_resent(made.job)
    counters = ledger.counters()
    assert (counters.timed_out, counters.resent) == (1, 1)


def test_the_oldest_chunk_is_known_until_it_is_closed(ledger: Ledger, redis_url: str) -> None:
    job_id = open_job(ledger)
    first, second = chunk(job_id, 0), chunk(job_id, 1)
    assert ledger.oldest_opened_at(job_id) is None
    ledger.open_chunk(first)
    began = ledger.oldest_opened_at(job_id)
    ledger.open_chunk(second)
    ledger.open_chunk(first)
    other = Ledger(redis_url)
    assert began is not None and other.oldest_opened_at(job_id) == began
    other.close()
    ledger.split(first, first.parts(), 1)
    assert ledger.oldest_opened_at(job_id) == began
    for part in first.parts():
        ledger.close_chunk(part, Outcome(indexed=1, unchanged=0), DONE)
    latest = ledger.oldest_opened_at(job_id)
    assert latest is not None and latest > began
    ledger.fail(job_id, "stopped")
    assert ledger.oldest_opened_at(job_id) is None


def test_workers_with_a_recent_heartbeat_are_counted(ledger: Ledger, client: redis.Redis) -> None:
    assert ledger.worker_count() == 0
    for name in ("lookalike@a", "lookalike@b", "lookalike@a"):
        ledger.renew_worker(name)
    assert ledger.worker_count() == 2
    client.zadd(f"{PREFIX}workers", {"lookalike@a": 1.0})
    assert ledger.worker_count() == 1


def test_a_chunk_that_no_worker_did_is_not_counted(ledger: Ledger) -> None:
    ledger.close_chunk(opened(ledger), Outcome(indexed=3, unchanged=0))
    assert (ledger.counters().hosts, ledger.counters().seconds) == ({}, {})
