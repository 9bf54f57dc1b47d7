"""Chunks that are outstanding but neither queued nor leased are sent again, and no others; with a real Redis."""

from collections.abc import Iterator

import pytest
import redis
from celery import Celery

from lookalike.envelope import finish_id
from lookalike.errors import BrokerUnavailable, ChunkLeased
from lookalike.ledger import JobState, Ledger
from lookalike.queue import KEY_PREFIX, QUEUE, make_app, queued_ids, send_chunk
from lookalike.reconciler import Reconciler, take_back
from lookalike.records import Chunk, ImageRef, Metric, ModelIdentity, Outcome
from lookalike_worker.lease import hold_end
from testing.services.redis import RedisServer

MODEL = ModelIdentity(name="m", fingerprint="f", dimension=2, metric=Metric.COSINE)


@pytest.fixture
def ledger(redis_url: str) -> Iterator[Ledger]:
    opened = Ledger(redis_url)
    yield opened
    opened.close()


@pytest.fixture
def app(redis_url: str) -> Iterator[Celery]:
    made = make_app(redis_url)
    yield made
    made.close()


@pytest.fixture
def chunk(ledger: Ledger) -> Chunk:
    job_id = ledger.open_job(source="s", index="i", index_address="lancedb:///i", model=MODEL, spec="{}")
    opened = Chunk(id=f"{job_id}/000000", job=job_id, refs=(ImageRef("/a.jpg"),))
    ledger.open_chunk(opened)
    return opened


def lose_messages(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"{KEY_PREFIX}{QUEUE}")


def forget_producer(redis_url: str, job_id: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"lookalike:ledger:producer:{job_id}")


def test_a_queued_chunk_is_left_alone(ledger: Ledger, app: Celery, chunk: Chunk) -> None:
    send_chunk(app, chunk.id)
    assert Reconciler(ledger, app, grace_s=0).resend_lost() == 0


def test_a_lost_message_is_sent_again_once(ledger: Ledger, app: Celery, chunk: Chunk, redis_url: str) -> None:
    send_chunk(app, chunk.id)
    lose_messages(redis_url)
    assert [Reconciler(ledger, app, grace_s=0).resend_lost() for _ in range(3)] == [1, 0, 0]
    assert queued_ids(app) == {chunk.id}
    assert ledger.job(chunk.job).resent == 1


def test_two_reconcilers_send_a_lost_message_once(ledger: Ledger, app: Celery, chunk: Chunk) -> None:
    first, second = Reconciler(ledger, app, grace_s=0), Reconciler(ledger, app, grace_s=0)
    queued_before = queued_ids(app)
    assert queued_before == set()
    sent = first.resend_lost()
    with app.connection_for_write() as connection:
        connection.default_channel.client.delete(KEY_PREFIX + QUEUE)
    assert (sent, second.resend_lost()) == (1, 0)


def test_a_message_on_its_way_is_not_sent_again(ledger: Ledger, app: Celery, chunk: Chunk) -> None:
    reconciler = Reconciler(ledger, app, grace_s=3600)
    assert [reconciler.resend_lost(), reconciler.resend_lost()] == [0, 0]


def test_a_leased_chunk_is_left_alone(ledger: Ledger, app: Celery, chunk: Chunk) -> None:
    ledger.claim(chunk.id)
    assert Reconciler(ledger, app, grace_s=0).resend_lost() == 0


def test_a_lost_finish_message_is_sent_again(ledger: Ledger, app: Celery, chunk: Chunk) -> None:
    ledger.drain(chunk.job)
    assert ledger.close_chunk(chunk, Outcome(indexed=1, unchanged=0))
    assert Reconciler(ledger, app, grace_s=0).resend_lost() == 1
    assert queued_ids(app) == {finish_id(chunk.job)}


def test_the_end_of_a_job_that_takes_long_is_left_to_the_worker_that_has_it(
    ledger: Ledger, app: Celery, chunk: Chunk
) -> None:
    ledger.drain(chunk.job)
    assert ledger.close_chunk(chunk, Outcome(indexed=1, unchanged=0))
    with hold_end(ledger, chunk.job):
        assert Reconciler(ledger, app, grace_s=0).resend_lost() == 0
        with pytest.raises(ChunkLeased), hold_end(ledger, chunk.job):
            pass
    assert Reconciler(ledger, app, grace_s=0).resend_lost() == 1


def test_a_job_without_producer_is_drained_and_its_chunks_stay(
    ledger: Ledger, app: Celery, chunk: Chunk, redis_url: str
) -> None:
    send_chunk(app, chunk.id)
    forget_producer(redis_url, chunk.job)
    assert Reconciler(ledger, app, grace_s=0).resend_lost() == 0
    assert ledger.job(chunk.job).state is JobState.DRAINING
    assert ledger.chunk(chunk.id) == chunk


def test_an_empty_job_without_producer_is_ended(ledger: Ledger, app: Celery, redis_url: str) -> None:
    job_id = ledger.open_job(source="s", index="i", index_address="lancedb:///i", model=MODEL, spec="{}")
    forget_producer(redis_url, job_id)
    Reconciler(ledger, app, grace_s=0).resend_lost()
    assert queued_ids(app) == {finish_id(job_id)}


def test_malformed_messages_and_jobs_do_not_stop_the_others(
    ledger: Ledger, app: Celery, chunk: Chunk, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.lpush(f"{KEY_PREFIX}{QUEUE}", b"garbage", b"{}", b"null")
        client.sadd("lookalike:ledger:active", "broken", "unknown")
        client.hset("lookalike:ledger:job:broken", "state", "nonsense")
    assert Reconciler(ledger, app, grace_s=0).resend_lost() == 1


@pytest.mark.parametrize("name", ["outstanding", "job"])
def test_a_job_with_a_record_of_a_wrong_type_harms_itself_alone(
    ledger: Ledger, app: Celery, chunk: Chunk, redis_url: str, name: str
) -> None:
    other = ledger.open_job(source="s", index="i", index_address="lancedb:///i", model=MODEL, spec="{}")
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"lookalike:ledger:{name}:{other}")
        client.set(f"lookalike:ledger:{name}:{other}", "text")
    assert Reconciler(ledger, app, grace_s=0).resend_lost() == 1
    if name == "outstanding":
        assert ledger.job(other).state is JobState.FAILED and "of another type" in ledger.job(other).error
    assert [job.id for job in ledger.active_jobs()] == [chunk.job]


def test_an_absent_broker_raises(redis_server: RedisServer, redis_url: str) -> None:
    redis_server.kill()
    with pytest.raises(BrokerUnavailable):
        Reconciler(Ledger(redis_url), make_app(redis_url)).resend_lost()


def test_a_cancelled_job_is_brought_to_its_end_and_nothing_of_it_is_resent(
    ledger: Ledger, app: Celery, chunk: Chunk, redis_url: str
) -> None:
    ledger.claim(chunk.id)
    ledger.cancel(chunk.job)
    assert Reconciler(ledger, app, grace_s=0).resend_lost() == 0
    assert ledger.job(chunk.job).state is JobState.CANCELLING and queued_ids(app) == set()
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"lookalike:ledger:lease:{chunk.id}")
    Reconciler(ledger, app, grace_s=0).resend_lost()
    assert ledger.job(chunk.job).state is JobState.FINISHING and queued_ids(app) == {finish_id(chunk.job)}


def test_what_ended_workers_had_is_sent_again_at_once(ledger: Ledger, app: Celery, chunk: Chunk) -> None:
    ledger.claim(chunk.id)
    finishing = ledger.open_job(source="s", index="i", index_address="lancedb:///i", model=MODEL, spec="{}")
    ledger.drain(finishing)
    ledger.hold_end(finish_id(finishing))
    for _ in range(2):
        take_back(ledger, app)
        assert queued_ids(app) == {chunk.id, finish_id(finishing)}
    assert ledger.claim(chunk.id) == (chunk, 1, None)
    assert not ledger.is_end_held(finish_id(finishing))
