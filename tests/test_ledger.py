"""The ledger with a real Redis: what it counts, when, and how often."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from lookalike.errors import AccessDenied, BadSetting, BrokerUnavailable, ChunkLeased, JobEnded, JobUnknown
from lookalike.ledger import JobState, Ledger
from lookalike.ledger.chunks import LEASE_S
from lookalike.ledger.job import named_sources
from lookalike.messages import MessageInvalid
from lookalike.records import (
    Chunk,
    ImageRef,
    Metric,
    ModelIdentity,
    Outcome,
    PutAside,
    Reason,
    Rejected,
    Rejection,
    Wait,
)
from testing.services.ports import free_port
from testing.services.redis import RedisServer
from tests.mapping.jobs import map_job

FORGED = [b"\x80\x05pickle", b"{}", b"[]", b'[{"uri": 7}]', b'[{"uri": "/a", "label": 1}]']
MODEL = ModelIdentity(name="resnet50", fingerprint="0123456789abcdef", dimension=256, metric=Metric.COSINE)


@pytest.fixture
def ledger(redis_url: str) -> Iterator[Ledger]:
    opened = Ledger(redis_url)
    yield opened
    opened.close()


def open_job(ledger: Ledger) -> str:
    return ledger.open_job(source="/images", index="images", index_address="lancedb:///i", model=MODEL, spec="{}")


def chunk(job_id: str, number: int = 0, size: int = 3) -> Chunk:
    refs = tuple(ImageRef(uri=f"/images/{number}-{n}.jpg", label="cat", metadata={"n": str(n)}) for n in range(size))
    return Chunk(id=f"{job_id}/{number:06d}", job=job_id, refs=refs)


def test_an_open_chunk_can_be_read(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    assert ledger.chunk(opened.id) == opened


def test_chunks_are_opened_together_and_again_without_counting_twice(ledger: Ledger) -> None:
    job_id = open_job(ledger)
    chunks = [chunk(job_id, number, size=number + 1) for number in range(3)]
    assert ledger.open_chunks(chunks[:2]) == 2
    assert ledger.open_chunks(chunks) == 3
    assert [ledger.chunk(opened.id) for opened in chunks] == chunks
    assert ledger.job(job_id).found == 1 + 2 + 3
    assert ledger.oldest_opened_at(job_id) is not None


def test_a_chunk_closed_twice_counts_once(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    outcome = Outcome(indexed=1, unchanged=1, rejected=(Rejected(opened.refs[2].uri, Reason.CORRUPT, "broken"),))
    ledger.close_chunk(opened, outcome)
    ledger.close_chunk(opened, outcome)
    job = ledger.job(opened.job)
    assert (job.found, job.indexed, job.unchanged, job.rejected) == (3, 1, 1, 1)
    assert list(ledger.rejected(opened.job)) == list(outcome.rejected)
    assert ledger.rejected_count(opened.job) == 1


def test_outstanding_chunks_are_listed_until_they_are_closed(ledger: Ledger) -> None:
    job_id = open_job(ledger)
    chunks = [chunk(job_id, number) for number in range(3)]
    for opened in chunks:
        ledger.open_chunk(opened)
    ledger.close_chunk(chunks[1], Outcome(indexed=3, unchanged=0))
    assert sorted(ledger.outstanding_ids(job_id)) == [chunks[0].id, chunks[2].id]


def test_a_closed_chunk_is_not_outstanding(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    ledger.close_chunk(opened, Outcome(indexed=3, unchanged=0))
    assert ledger.chunk(opened.id) is None
    assert ledger.outstanding(opened.job) == 0


def test_only_the_last_chunk_of_a_drained_job_finishes_it(ledger: Ledger) -> None:
    job_id = open_job(ledger)
    first, second = chunk(job_id, 0), chunk(job_id, 1)
    assert [ledger.open_chunk(first), ledger.open_chunk(second)] == [1, 2]
    done = Outcome(indexed=3, unchanged=0)
    assert not ledger.close_chunk(first, done)
    assert not ledger.drain(job_id)
    assert ledger.close_chunk(second, done)
    assert ledger.job(job_id).state is JobState.FINISHING


def test_a_job_whose_chunks_are_all_closed_finishes_when_it_is_drained(ledger: Ledger) -> None:
    job_id = open_job(ledger)
    ledger.open_chunk(chunk(job_id))
    assert not ledger.close_chunk(chunk(job_id), Outcome(indexed=3, unchanged=0))
    assert ledger.drain(job_id)


def test_a_job_with_outstanding_chunks_does_not_finish(ledger: Ledger) -> None:
    job_id = open_job(ledger)
    ledger.open_chunk(chunk(job_id))
    ledger.finish(job_id)
    assert ledger.job(job_id).state is JobState.ENUMERATING
    ledger.drain(job_id)
    ledger.close_chunk(chunk(job_id), Outcome(indexed=3, unchanged=0))
    ledger.finish(job_id)
    assert ledger.job(job_id).has_ended


def test_a_failed_job_accepts_no_more_chunks_and_stays_failed(ledger: Ledger) -> None:
    job_id = open_job(ledger)
    ledger.open_chunk(chunk(job_id))
    ledger.fail(job_id, "wrong model")
    with pytest.raises(JobEnded):
        ledger.open_chunks([chunk(job_id, 1), chunk(job_id, 2)])
    assert ledger.outstanding(job_id) == 0
    ledger.finish(job_id)
    job = ledger.job(job_id)
    assert (job.state, job.error, job.found) == (JobState.FAILED, "wrong model", 3)


def test_a_job_without_producer_ends_as_interrupted_after_its_chunks(ledger: Ledger) -> None:
    job_id = open_job(ledger)
    ledger.open_chunk(chunk(job_id))
    assert not ledger.drain(job_id, ending=JobState.INTERRUPTED)
    assert ledger.close_chunk(chunk(job_id), Outcome(indexed=3, unchanged=0))
    ledger.finish(job_id)
    job = ledger.job(job_id)
    assert (job.state, job.found, job.indexed) == (JobState.INTERRUPTED, 3, 3)
    assert ledger.active_jobs() == []


def test_a_claim_counts_as_an_attempt_unless_it_is_released(ledger: Ledger, redis_url: str) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    assert ledger.claim(opened.id) == (opened, 1, None)
    ledger.release(opened.id, 0)
    assert ledger.claim(opened.id) == (opened, 1, None)
    end_lease(redis_url, opened.id)
    assert ledger.claim(opened.id) == (opened, 2, None)


def test_a_leased_chunk_cannot_be_claimed_and_counts_no_attempt(ledger: Ledger, redis_url: str) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    ledger.claim(opened.id)
    for _ in range(5):
        with pytest.raises(ChunkLeased):
            ledger.claim(opened.id)
    end_lease(redis_url, opened.id)
    assert ledger.claim(opened.id) == (opened, 2, None)


def end_lease(redis_url: str, chunk_id: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"lookalike:ledger:lease:{chunk_id}")


def test_a_claimed_chunk_is_leased_until_its_lease_ends(ledger: Ledger, redis_url: str) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    assert ledger.unleased(opened.job) == [opened.id]
    ledger.claim(opened.id)
    assert ledger.unleased(opened.job) == []
    with redis.Redis.from_url(redis_url) as client:
        assert 0 < client.ttl(f"lookalike:ledger:lease:{opened.id}") <= LEASE_S
        client.delete(f"lookalike:ledger:lease:{opened.id}")
    assert ledger.unleased(opened.job) == [opened.id]


def test_the_parts_of_a_split_chunk_begin_with_its_attempts(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    assert ledger.split(opened, opened.parts(), attempts=2)
    assert not ledger.split(opened, opened.parts(), attempts=2)
    assert ledger.chunk(opened.id) is None
    assert ledger.outstanding(opened.job) == 3
    part = opened.parts()[1]
    assert ledger.claim(part.id) == (part, 3, None)
    assert {part.origin for part in opened.parts()} == {opened.id}
    assert ledger.job(opened.job).found == 3


def test_the_attempt_that_exceeded_the_time_limit_is_recorded(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    ledger.record_timeout(opened.id)
    assert not any(ledger.has_timed_out(opened.id, attempt) for attempt in range(3))
    ledger.claim(opened.id)
    ledger.record_timeout(opened.id)
    assert [ledger.has_timed_out(opened.id, attempt) for attempt in (1, 2)] == [True, False]


def test_only_the_record_and_the_rejections_of_an_ended_job_stay(ledger: Ledger, redis_url: str) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    ledger.claim(opened.id)
    ledger.record_timeout(opened.id)
    ledger.drain(opened.job)
    rejected = Rejected(opened.refs[0].uri, Reason.CORRUPT)
    ledger.close_chunk(opened, Outcome(indexed=2, unchanged=0, rejected=(rejected,)))
    ledger.finish(opened.job)
    with redis.Redis.from_url(redis_url) as client:
        left = {key.decode().split(":")[2] for key in client.scan_iter(f"*{opened.job}*")}
    assert left == {"job", "rejected", "producer"}
    assert list(ledger.rejections(opened.job)) == [Rejection(rejected, opened.refs[0])]


def test_jobs_come_newest_first(ledger: Ledger) -> None:
    ids = [open_job(ledger) for _ in range(3)]
    assert [job.id for job in ledger.jobs()] == ids[::-1]


def test_an_unknown_job_is_named(ledger: Ledger) -> None:
    with pytest.raises(JobUnknown, match="no-such-job"):
        ledger.job("no-such-job")


def test_a_malformed_list_of_references_is_rejected(ledger: Ledger, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        for number, forged in enumerate(
            [b"\x80\x05pickle", b"{}", b"[]", b'[{"uri": 7}]', b'[{"uri": "/a", "label": 1}]']
        ):
            client.hset("lookalike:ledger:outstanding:j", f"j/{number}", forged)
            with pytest.raises(MessageInvalid, match=f"j/{number}"):
                ledger.chunk(f"j/{number}")


def test_the_ledger_survives_a_kill_of_redis(redis_server: RedisServer, redis_url: str) -> None:
    ledger = Ledger(redis_url)
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    redis_server.kill()
    redis_server.restart()
    assert ledger.chunk(opened.id) == opened
    ledger.close()


def test_an_absent_broker_is_named_without_its_password() -> None:
    ledger = Ledger(f"redis://user:secret@127.0.0.1:{free_port()}/0")
    with pytest.raises(BrokerUnavailable, match="broker at redis://127") as raised:
        ledger.ping()
    assert "secret" not in str(raised.value)


def test_a_wrong_password_is_access_denied() -> None:
    with RedisServer(password="right") as server:
        ledger = Ledger(server.url.replace("right", "wrong"))
        with pytest.raises(AccessDenied, match="LOOKALIKE_BROKER_URL"):
            ledger.ping()
        ledger.close()


def test_a_url_with_another_scheme_is_rejected() -> None:
    with pytest.raises(BadSetting, match="amqp"):
        Ledger("amqp://127.0.0.1")


def test_a_cancelled_job_keeps_only_the_chunks_that_workers_hold(ledger: Ledger) -> None:
    job_id = open_job(ledger)
    held, queued, released = (chunk(job_id, number) for number in range(3))
    for opened in (held, queued, released):
        ledger.open_chunk(opened)
    ledger.claim(held.id)
    ledger.claim(released.id)
    ledger.release(released.id, 30)
    assert ledger.cancel(job_id) is JobState.CANCELLING
    assert not ledger.job(job_id).is_worked_on
    with pytest.raises(JobEnded):
        ledger.open_chunk(chunk(job_id, 3))
    assert ledger.outstanding_ids(job_id) == [held.id] and ledger.claim(queued.id) is None
    assert ledger.close_chunk(held, Outcome(indexed=3, unchanged=0))
    ledger.finish(job_id)
    job = ledger.job(job_id)
    assert (job.state, job.found, job.indexed, job.not_done) == (JobState.CANCELLED, 9, 3, 6)
    assert ledger.cancel(job_id) is JobState.CANCELLED and ledger.active_jobs() == []


def test_an_interrupted_job_drops_what_no_worker_holds(ledger: Ledger) -> None:
    job_id = open_job(ledger)
    for number in range(2):
        ledger.open_chunk(chunk(job_id, number))
    ledger.claim(chunk(job_id, 0).id)
    assert ledger.cancel(job_id, ending=JobState.INTERRUPTED) is JobState.CANCELLING
    # Cancelled as well, it stays interrupted.
    assert ledger.cancel(job_id) is JobState.CANCELLING
    assert ledger.close_chunk(chunk(job_id, 0), Outcome(indexed=3, unchanged=0))
    ledger.finish(job_id)
    job = ledger.job(job_id)
    assert (job.state, job.indexed, job.not_done) == (JobState.INTERRUPTED, 3, 3)


def test_a_cancelled_job_drops_the_chunk_of_a_worker_that_died(ledger: Ledger, redis_url: str) -> None:
    held = chunk(open_job(ledger))
    ledger.open_chunk(held)
    ledger.claim(held.id)
    assert ledger.cancel(held.job) is JobState.CANCELLING
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"lookalike:ledger:lease:{held.id}")
    assert ledger.cancel(held.job) is JobState.FINISHING


@pytest.mark.parametrize("ending", [JobState.FINISHED, JobState.INTERRUPTED])
def test_a_job_without_chunks_is_not_cancelled_any_more(ledger: Ledger, ending: JobState) -> None:
    job_id = open_job(ledger)
    ledger.drain(job_id, ending=ending)
    assert ledger.cancel(job_id) is JobState.FINISHING
    ledger.finish(job_id)
    assert ledger.cancel(job_id) is ending


def closed(ledger: Ledger, outcome: Outcome, *, place: str = "lancedb:///i images-v1") -> Chunk:
    """A chunk of three images in a job of its own, closed with this outcome."""
    done = chunk(open_job(ledger))
    ledger.open_chunk(done)
    ledger.close_chunk(done, outcome, place=place)
    return done


def of(uri: str, reason: Reason = Reason.CORRUPT) -> Outcome:
    return Outcome(indexed=2, unchanged=0, rejected=(Rejected(uri, reason),))


def test_an_image_is_on_the_list_of_the_job_that_saw_it_last(ledger: Ledger, redis_url: str) -> None:
    uri, other = "/images/0-0.jpg", "/images/0-1.jpg"
    first = closed(ledger, of(uri))
    with redis.Redis.from_url(redis_url) as client:
        size = client.dbsize()
        jobs = [closed(ledger, of(uri, Reason.EMPTY)) for _ in range(5)]
        # A record, the heartbeat of the producer, what is outstanding no more; nothing of the image.
        assert client.dbsize() - size <= 2 * len(jobs)
    assert [ledger.rejected_count(done.job) for done in (first, *jobs)] == [0, 0, 0, 0, 0, 1]
    assert [ledger.job(done.job).rejected for done in (first, *jobs)] == [1] * 6
    place = "lancedb:///i images-v1"
    assert {uri: item.rejected.reason for uri, item in ledger.earlier(place, [uri, other]).items()} == {
        uri: Reason.EMPTY
    }
    assert ledger.earlier("lancedb:///i images-v2", [uri]) == {}


def test_an_image_that_is_indexed_leaves_the_list(ledger: Ledger) -> None:
    uri = "/images/0-0.jpg"
    first = closed(ledger, of(uri))
    elsewhere = closed(ledger, of(uri), place="lancedb:///i images-v2")
    closed(ledger, Outcome(indexed=3, unchanged=0, settled=(uri, "/never/rejected.jpg")))
    assert (ledger.rejected_count(first.job), ledger.rejected_count(elsewhere.job)) == (0, 1)
    assert list(ledger.recorded("lancedb:///i images-v1")) == []


def test_a_repeated_chunk_changes_no_record_of_a_later_job(ledger: Ledger) -> None:
    uri = "/images/0-0.jpg"
    first = closed(ledger, of(uri))
    later = closed(ledger, of(uri, Reason.EMPTY))
    ledger.close_chunk(first, of(uri), place="lancedb:///i images-v1")
    ledger.close_chunk(first, Outcome(indexed=3, unchanged=0, settled=(uri,)), place="lancedb:///i images-v1")
    assert [item.reason for item in ledger.rejected(later.job)] == [Reason.EMPTY]


def test_records_are_forgotten_and_adopted(ledger: Ledger) -> None:
    old, new = "lancedb:///i images-v1", "lancedb:///i images-v2"
    uris = [f"/images/0-{number}.jpg" for number in range(3)]
    rejected = tuple(Rejected(uri, Reason.CORRUPT) for uri in uris)
    first = closed(ledger, Outcome(indexed=0, unchanged=0, rejected=rejected))
    second = closed(ledger, of(uris[0], Reason.EMPTY), place=new)
    ledger.forget(old, uris[2:])
    ledger.adopt(old, new, [*uris, "/never/rejected.jpg"])
    assert list(ledger.recorded(old)) == []
    assert sorted(ledger.recorded(new)) == uris[:2]
    assert [item.reason for item in ledger.rejected(second.job)] == [Reason.EMPTY], "the newer record stays"
    assert [item.uri for item in ledger.rejected(first.job)] == uris[1:2]
    ledger.forget_all(new)
    assert [ledger.rejected_count(done.job) for done in (first, second)] == [0, 0]


def test_the_number_of_records_is_bounded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.ledger.chunks.MOST_RECORDS", 2)
    rejected = tuple(Rejected(f"/images/0-{number}.jpg", Reason.CORRUPT) for number in range(3))
    done = closed(ledger, Outcome(indexed=0, unchanged=0, rejected=rejected))
    assert (ledger.job(done.job).rejected, ledger.rejected_count(done.job)) == (3, 2)
    again = closed(ledger, Outcome(indexed=0, unchanged=0, rejected=rejected))
    assert (ledger.rejected_count(done.job), ledger.rejected_count(again.job)) == (0, 2)


def test_a_malformed_record_hides_no_other(ledger: Ledger, redis_url: str) -> None:
    uris = [f"/images/0-{number}.jpg" for number in range(2)]
    rejected = tuple(Rejected(uri, Reason.CORRUPT) for uri in uris)
    done = closed(ledger, Outcome(indexed=1, unchanged=0, rejected=rejected))
    with redis.Redis.from_url(redis_url) as client:
        client.hset(f"lookalike:ledger:rejected:{done.job}", uris[0], "{broken")
    assert list(ledger.earlier("lancedb:///i images-v1", uris)) == uris[1:]


def test_the_jobs_of_a_moved_home_name_its_index_and_models_where_they_are_now(ledger: Ledger, redis_url: str) -> None:
    def opened(address: str, spec: str) -> str:
        return ledger.open_job(source="s", index="images", index_address=address, model=MODEL, spec=spec)

    here = opened("lancedb:///old/index", '{"graph_file": "/old/quantized/a.zip", "head_file": null}')
    there = opened("lancedb:///older/index", '{"graph_file": "/older/a.zip"}')
    broken = opened("lancedb:///old/index", "not JSON")
    ledger.open_chunk(chunk(here))
    ledger.close_chunk(chunk(here), of("/images/0-0.jpg"), place=ledger.job(here).place)
    for home in ("/old", "/new", "/new"):
        ledger.settle(Path(home))
    assert ledger.job(here).index_address == ledger.job(broken).index_address == "lancedb:///new/index"
    assert list(ledger.recorded(ledger.job(here).place)) == ["/images/0-0.jpg"]
    assert ledger.job(here).spec == '{"graph_file": "/new/quantized/a.zip", "head_file": null}'
    assert (ledger.job(there).index_address, ledger.job(there).spec) == (
        "lancedb:///older/index",
        '{"graph_file": "/older/a.zip"}',
    )
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"lookalike:ledger:job:{broken}", "of a wrong type")
    ledger.settle(Path("/newest"))
    assert ledger.job(here).index_address == "lancedb:///newest/index"


def test_bound_jobs_end_with_their_process_and_others_go_on(ledger: Ledger) -> None:
    def bound() -> str:
        return ledger.open_job(
            source="s", index="i", index_address="lancedb:///i", model=MODEL, spec="{}", is_bound=True
        )

    free, enumerating, finishing, cancelling = open_job(ledger), bound(), bound(), bound()
    ledger.open_chunk(chunk(enumerating))
    ledger.drain(finishing)
    ledger.open_chunk(chunk(cancelling))
    ledger.claim(chunk(cancelling).id)
    ledger.cancel(cancelling)
    ledger.end_bound_jobs()
    states = [ledger.job(job_id).state for job_id in (free, enumerating, finishing, cancelling)]
    assert states == [JobState.ENUMERATING, JobState.INTERRUPTED, JobState.FINISHED, JobState.CANCELLED]
    assert ledger.outstanding(enumerating) == 0 and ledger.job(enumerating).not_done == 3


def test_a_map_is_a_job_that_no_worker_waits_for(ledger: Ledger, redis_url: str) -> None:
    mapping = map_job()
    ledger.report_map(mapping)
    assert ledger.job(mapping.id) == mapping == ledger.jobs()[0] and not mapping.has_ended
    assert ledger.active_jobs() == [] and mapping.done == 12 and mapping.not_done == 0
    with redis.Redis.from_url(redis_url) as client:
        # Its process reports no more.
        client.delete(f"lookalike:ledger:producer:{mapping.id}")
    abandoned = ledger.job(mapping.id)
    assert (abandoned.state, abandoned.not_done) == (JobState.INTERRUPTED, 84)
    assert abandoned.ended_at == mapping.reported_at
    # The broker was away for a while, or the process stood still.
    ended = replace(mapping, state=JobState.FINISHED, placed=96, ended_at=mapping.reported_at + 1)
    ledger.report_map(ended)
    assert ledger.jobs() == [ended] and ledger.job(ended.id).has_ended


def test_an_ended_lease_is_no_failed_attempt(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    for _ in range(5):
        claimed = ledger.claim(opened.id)
        assert claimed is not None and claimed[1] == 1
        ledger.end_leases(opened.job)
    assert ledger.counters().lost == 0


def test_the_record_of_a_job_names_few_sources() -> None:
    assert named_sources("a\nb") == "a\nb"
    named = named_sources("\n".join(map(str, range(4000))))
    assert named.splitlines()[-2:] == ["9", "... and 3,990 more"] and named_sources(named) == named
    assert len(named_sources("x" * 5000)) < 400


def aside(refs: tuple[ImageRef, ...], host: str = "http://a", pause_s: float = 30.0, tries: int = 1) -> PutAside:
    return PutAside(refs, Wait(host, "it does not answer", first_at=100.0, since=200.0, tries=tries), pause_s)


def put_aside(ledger: Ledger, opened: Chunk, *parts: PutAside) -> bool:
    waiting = sum(len(part.refs) for part in parts)
    return ledger.close_chunk(opened, Outcome(indexed=len(opened.refs) - waiting, unchanged=0, aside=parts))


def test_images_that_are_put_aside_become_chunks_of_their_own_in_the_step_that_counts_the_others(
    ledger: Ledger,
) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    parts = aside(opened.refs[:1]), aside(opened.refs[1:2], "http://b", tries=3)
    assert not put_aside(ledger, opened, *parts)
    assert not put_aside(ledger, opened, *parts), "a chunk that is closed twice puts its images aside twice"
    job = ledger.job(opened.job)
    assert (job.found, job.indexed, job.done) == (3, 1, 1)
    ids = sorted(ledger.outstanding_ids(opened.job))
    claims = [ledger.claim(id) for id in ids]
    assert [item and item.chunk.origin for item in claims] == [opened.id, opened.id]
    assert [item and (item.chunk.refs, item.attempt, item.wait) for item in claims] == [
        (part.refs, 1, part.wait) for part in parts
    ]


def test_a_job_is_finished_by_the_last_chunk_that_was_put_aside(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    ledger.drain(opened.job)
    assert not put_aside(ledger, opened, aside(opened.refs[:2]))
    assert ledger.job(opened.job).state is JobState.DRAINING
    (part,) = (ledger.claim(id) for id in ledger.outstanding_ids(opened.job))
    assert part and not put_aside(ledger, part.chunk, aside(part.chunk.refs[:1]))
    (last,) = (ledger.claim(id) for id in ledger.outstanding_ids(opened.job))
    assert last and last.chunk.id != part.chunk.id, "an id is used again: its first chunk could be closed late"
    assert ledger.close_chunk(last.chunk, Outcome(indexed=1, unchanged=0))
    job = ledger.job(opened.job)
    assert (job.state, job.found, job.indexed) == (JobState.FINISHING, 3, 3)


def test_what_is_put_aside_is_due_once_and_only_then_missed(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    put_aside(ledger, opened, aside(opened.refs[:1], pause_s=0), aside(opened.refs[1:]))
    assert ledger.unleased(opened.job) == []
    (due,) = ledger.due()
    assert ledger.due() == []
    assert ledger.unleased(opened.job) == [due]


def test_what_is_put_aside_does_not_hold_the_producer_up(ledger: Ledger) -> None:
    first = chunk(open_job(ledger))
    assert ledger.open_chunk(first) == 1
    put_aside(ledger, first, aside(first.refs))
    assert (ledger.outstanding(first.job), ledger.in_work(first.job)) == (1, 0)
    assert ledger.open_chunk(chunk(first.job, 1)) == 1


def test_the_producer_pauses_before_what_is_put_aside_fills_the_memory(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.ledger.chunks.MOST_ASIDE", 2)
    job_id = open_job(ledger)
    for number, backlog in enumerate((1, 1, 1, 2)):
        opened = chunk(job_id, number)
        assert ledger.open_chunk(opened) == backlog
        put_aside(ledger, opened, aside(opened.refs))
    assert (ledger.aside(job_id), ledger.in_work(job_id), ledger.backlog(job_id)) == (4, 0, 2)


def test_it_says_which_hosts_images_wait_for(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger), size=4)
    ledger.open_chunk(opened)
    put_aside(ledger, opened, aside(opened.refs[:1]), aside(opened.refs[1:2], "http://b"), aside(opened.refs[2:]))
    assert [(item.host, item.images, item.since) for item in ledger.waiting(opened.job)] == [
        ("http://a", 3, 100.0),
        ("http://b", 1, 100.0),
    ]
    for id in ledger.outstanding_ids(opened.job):
        claimed = ledger.claim(id)
        assert claimed
        ledger.close_chunk(claimed.chunk, Outcome(indexed=len(claimed.chunk.refs), unchanged=0))
    assert ledger.waiting(opened.job) == []


def test_a_cancelled_job_drops_what_is_put_aside_before_and_after(ledger: Ledger) -> None:
    before = chunk(open_job(ledger))
    after = chunk(before.job, 1)
    for opened in (before, after):
        ledger.open_chunk(opened)
        ledger.claim(opened.id)
    put_aside(ledger, before, aside(before.refs, pause_s=0))
    assert ledger.cancel(before.job) is JobState.CANCELLING
    assert ledger.outstanding_ids(before.job) == [after.id] and ledger.due() == []
    assert put_aside(ledger, after, aside(after.refs[1:], pause_s=0)), "the job waits for images that nobody tries"
    ledger.finish(before.job)
    job = ledger.job(before.job)
    assert (job.state, job.found, job.indexed, job.not_done) == (JobState.CANCELLED, 6, 1, 5)
    assert ledger.due() == [] and ledger.waiting(before.job) == []


def test_the_images_of_a_job_that_ends_are_not_due(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    put_aside(ledger, opened, aside(opened.refs, pause_s=0))
    ledger.fail(opened.job, "stopped")
    assert ledger.due() == [] and ledger.aside(opened.job) == 0


def test_attempts_whose_process_died_still_count_when_the_image_is_put_aside(ledger: Ledger, redis_url: str) -> None:
    opened = chunk(open_job(ledger), size=1)
    ledger.open_chunk(opened)
    for _ in range(2):
        ledger.claim(opened.id)
        with redis.Redis.from_url(redis_url) as client:
            client.delete(f"lookalike:ledger:lease:{opened.id}")
    claimed = ledger.claim(opened.id)
    assert claimed and claimed.attempt == 3
    put_aside(ledger, opened, aside(opened.refs))
    (id,) = ledger.outstanding_ids(opened.job)
    again = ledger.claim(id)
    assert again and again.attempt == 3


def test_parts_of_a_split_chunk_wait_as_the_chunk_did(ledger: Ledger) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    part = aside(opened.refs[:2])
    put_aside(ledger, opened, part)
    (claimed,) = (ledger.claim(id) for id in ledger.outstanding_ids(opened.job))
    assert claimed and ledger.split(claimed.chunk, claimed.chunk.parts(), 1, claimed.wait)
    singles = [ledger.claim(id) for id in ledger.outstanding_ids(opened.job)]
    assert [item and (len(item.chunk.refs), item.attempt, item.wait) for item in singles] == [(1, 2, part.wait)] * 2
    assert [(item.host, item.images) for item in ledger.waiting(opened.job)] == [("http://a", 2)]
    assert {item.chunk.origin for item in singles if item} == {opened.id}


def test_a_wait_that_another_program_wrote_begins_again(ledger: Ledger, redis_url: str) -> None:
    opened = chunk(open_job(ledger))
    ledger.open_chunk(opened)
    put_aside(ledger, opened, aside(opened.refs))
    (id,) = ledger.outstanding_ids(opened.job)
    with redis.Redis.from_url(redis_url) as client:
        client.hset(f"lookalike:ledger:waiting:{opened.job}", id, "[1, 2")
    assert ledger.waiting(opened.job) == []
    claimed = ledger.claim(id)
    assert claimed and claimed.wait is None and claimed.chunk.refs == opened.refs
