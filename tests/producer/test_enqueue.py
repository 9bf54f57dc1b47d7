"""Chunks are recorded before they are sent, and never more than the limit."""

import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from lookalike.errors import BrokerUnavailable, JobEnded, SourceMissing, SourceUnavailable
from lookalike.ledger import Ledger
from lookalike.records import ImageRef, Metric, ModelIdentity, Outcome, Reason, Rejected
from lookalike_producer import chunks
from lookalike_producer.chunks import TOGETHER_REFS, TOGETHER_S, cut, together
from lookalike_producer.enqueue import enqueue
from lookalike_producer.refused import UnlistedFolder
from testing.services.redis import RedisServer

MODEL = ModelIdentity(name="m", fingerprint="f", dimension=2, metric=Metric.COSINE)


@pytest.fixture
def ledger(redis_url: str) -> Iterator[Ledger]:
    opened = Ledger(redis_url)
    yield opened
    opened.close()


@pytest.fixture
def job_id(ledger: Ledger) -> str:
    return ledger.open_job(source="s", index="i", index_address="lancedb:///i", model=MODEL, spec="{}")


def references(count: int) -> Iterator[ImageRef]:
    return (ImageRef(uri=f"/{number}.jpg") for number in range(count))


def test_references_are_cut_into_numbered_chunks() -> None:
    chunks = list(cut(references(5), "job", 2))
    assert [chunk.id for chunk in chunks] == ["job/000000", "job/000001", "job/000002"]
    assert [len(chunk.refs) for chunk in chunks] == [2, 2, 1]


def test_what_was_found_before_a_source_breaks_off_is_sent() -> None:
    def broken() -> Iterator[ImageRef]:
        yield from references(1)
        yield UnlistedFolder("/t.csv", reason=Reason.HOST_UNAVAILABLE)
        raise SourceUnavailable("/t.csv", "it does not answer")

    found: list[str] = []
    with pytest.raises(SourceUnavailable):
        for chunk in cut(broken(), "job", 8):
            found += [ref.uri for ref in chunk.refs]
    assert found == ["/0.jpg", "/t.csv"]


def test_a_chunk_is_in_the_ledger_before_it_is_sent(ledger: Ledger, job_id: str) -> None:
    there: list[bool] = []
    enqueue(
        references(7),
        job_id,
        ledger=ledger,
        send=lambda ids: there.extend(ledger.chunk(chunk_id) is not None for chunk_id in ids),
        chunk_size=2,
        limit=100,
    )
    assert there == [True] * 4


def test_chunks_that_come_at_once_are_sent_together(
    ledger: Ledger, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "TOGETHER_S", 60.0)
    sent: list[int] = []
    enqueue(
        references(2 * TOGETHER_REFS + 70),
        job_id,
        ledger=ledger,
        send=lambda ids: sent.append(len(ids)),
        chunk_size=64,
        limit=100,
    )
    assert sent == [16, 16, 2]


def test_the_last_chunks_of_a_source_are_of_the_same_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "TOGETHER_S", 60.0)

    def table() -> Iterator[ImageRef]:
        yield from references(100)
        yield UnlistedFolder("/t.csv", reason=Reason.HOST_UNAVAILABLE)

    (last,) = together(cut(table(), "job", 64))
    assert [(chunk.id, len(chunk.refs)) for chunk in last] == [
        ("job/000000", 50),
        ("job/000001", 50),
        ("job/000002", 1),
    ]
    found = [ref for chunk in last for ref in chunk.refs]
    assert [ref.uri for ref in found] == [*(ref.uri for ref in references(100)), "/t.csv"]
    assert list(together(iter(()))) == []


@pytest.mark.parametrize(
    ("found", "processes", "sizes"),
    [
        (40, 2, [20, 20]),
        (39, 2, [20, 19]),
        # Too few for two, or for so many.
        (2 * chunks.LEAST_REFS - 1, 2, [2 * chunks.LEAST_REFS - 1]),
        (40, 16, [10, 10, 10, 10]),
        (200, 2, [50, 50, 50, 50]),
        (200, 8, [25] * 8),
    ],
)
def test_the_last_references_are_cut_for_all_processes(
    found: int, processes: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "TOGETHER_S", 60.0)
    (last,) = together(cut(references(found), "job", 64), processes)
    assert [len(chunk.refs) for chunk in last] == sizes
    assert [chunk.id for chunk in last] == [f"job/{number:06d}" for number in range(len(sizes))]
    assert [ref for chunk in last for ref in chunk.refs] == list(references(found))


def test_a_chunk_does_not_wait_for_a_slow_source(ledger: Ledger, job_id: str) -> None:
    sent: list[str] = []

    def slow() -> Iterator[ImageRef]:
        for number, ref in enumerate(references(6)):
            # All chunks before the one that is being filled.
            assert len(sent) == number // 2
            time.sleep(TOGETHER_S)
            yield ref

    enqueue(slow(), job_id, ledger=ledger, send=sent.extend, chunk_size=2, limit=100)
    assert len(sent) == 3


def test_what_was_found_before_an_error_is_sent(ledger: Ledger, job_id: str) -> None:
    sent: list[str] = []

    def broken() -> Iterator[ImageRef]:
        yield from references(7)
        raise SourceMissing("It is gone.")

    with pytest.raises(SourceMissing):
        enqueue(broken(), job_id, ledger=ledger, send=sent.extend, chunk_size=2, limit=100)
    assert len(sent) == 3 and sorted(sent) == sorted(ledger.outstanding_ids(job_id))
    assert ledger.job(job_id).found == 6


def test_a_folder_that_cannot_be_listed_is_rejected_without_a_message(ledger: Ledger, job_id: str) -> None:
    folder = UnlistedFolder("/closed", reason=Reason.UNREADABLE, detail="Permission denied")
    sent: list[str] = []
    found = [ImageRef("/0.jpg"), folder, ImageRef("/1.jpg"), ImageRef("/2.jpg")]
    enqueue(iter(found), job_id, ledger=ledger, send=sent.extend, chunk_size=2, limit=100)
    assert [ref.uri for id in sent if (chunk := ledger.chunk(id)) for ref in chunk.refs] == [
        "/0.jpg",
        "/1.jpg",
        "/2.jpg",
    ]
    assert list(ledger.rejected(job_id)) == [Rejected("/closed", Reason.UNREADABLE, "Permission denied")]
    assert (ledger.job(job_id).found, ledger.job(job_id).rejected) == (4, 1)


def test_an_empty_source_is_done_at_once(ledger: Ledger, job_id: str) -> None:
    assert enqueue(references(0), job_id, ledger=ledger, send=lambda ids: pytest.fail(str(ids)), chunk_size=2, limit=1)


def test_the_producer_waits_while_the_queue_is_full(ledger: Ledger, job_id: str) -> None:
    queued: list[str] = []
    deepest = 0

    def work_off_one() -> None:
        nonlocal deepest
        deepest = max(deepest, ledger.outstanding(job_id))
        chunk = ledger.chunk(queued.pop(0))
        assert chunk is not None
        ledger.close_chunk(chunk, Outcome(indexed=len(chunk.refs), unchanged=0))

    enqueue(references(40), job_id, ledger=ledger, send=queued.extend, chunk_size=2, limit=3, waiting=work_off_one)
    assert deepest == 3
    assert ledger.job(job_id).found == 40


def test_a_job_that_was_stopped_stops_its_producer(
    ledger: Ledger, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "TOGETHER_S", 0.0)
    with pytest.raises(JobEnded):
        enqueue(
            references(10),
            job_id,
            ledger=ledger,
            send=lambda _: ledger.fail(job_id, "stop"),
            chunk_size=2,
            limit=100,
        )
    assert ledger.job(job_id).found == 2


def test_a_chunk_that_cannot_be_sent_stays_recorded_for_the_reconciler(ledger: Ledger, job_id: str) -> None:
    def away(_: Sequence[str]) -> None:
        raise BrokerUnavailable("redis://somewhere", "gone")

    enqueue(references(3), job_id, ledger=ledger, send=away, chunk_size=2, limit=100)
    assert len(ledger.unleased(job_id)) == 2


def test_a_producer_waits_for_a_broker_that_restarts(ledger: Ledger, job_id: str, redis_server: RedisServer) -> None:
    reached, killed = threading.Event(), threading.Event()

    def found() -> Iterator[ImageRef]:
        for number, reference in enumerate(references(10)):
            if number == 5:
                reached.set()
                assert killed.wait(60)
            yield reference

    arguments = {"ledger": ledger, "send": lambda _: None, "chunk_size": 2, "limit": 100}
    producer = threading.Thread(target=enqueue, args=(found(), job_id), kwargs=arguments)
    producer.start()
    assert reached.wait(60)
    redis_server.kill()
    killed.set()
    # The server is started by the main thread, because it ends with the thread that started it.
    producer.join(1)
    redis_server.restart()
    producer.join(60)
    assert ledger.job(job_id).found == 10
    assert ledger.outstanding(job_id) == 5
