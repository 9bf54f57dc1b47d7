"""Foreign messages and chunks, sent to a real worker: each one is refused, and the next good chunk is processed."""

import base64
import bz2
import json
import os
import socket
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lookalike.envelope import FINISH_JOB, INGEST_CHUNK
from lookalike.ledger import JobState
from lookalike.queue import KEY_PREFIX, QUEUE, send_chunk, send_finish
from lookalike.records import Chunk, ImageRef, Reason
from testing.images import encoded
from testing.processes import await_true, worker_processes
from testing.worker_harness import WorkerHarness

#: 25 MB of references, in memory about three times while they are read; as objects they would take 300 MB more.
MANY_BOUND_BYTES = 200 * 2**20
#: A bomb of half a gigabyte in the worker's main process, which unpacks nothing.
BOMB_BOUND_BYTES = 64 * 2**20
MALFORMED = [
    b"\x80\x05pickle",
    b"{broken",
    b"[]",
    b"null",
    b'"text"',
    b'{"uri": "/a"}',
    b'[{"uri": 7}]',
    b'[{"path": "/a"}]',
    b'[["uri"]]',
    b'[{"uri": "/a", "label": 1}]',
    b'[{"uri": "/a", "metadata": ["a"]}]',
    b'[{"uri": "/a", "metadata": {"a": {"b": 1}}}]',
    b'[{"uri": "\\ud800"}]',
    b"[" * 100_000,
    b"0" * (33 * 2**20),
]
NO_MESSAGES = [
    b"\x80\x05pickle",
    b"{broken",
    b"[]",
    b"null",
    b"7",
    b'{"uri": "/a"}',
    b'{"properties": 1}',
    b"[" * 100_000,
]
#: Headers that made a worker hold a message for ever, die, or run without a time limit.
ODD_HEADERS: list[dict[str, Any]] = [
    {"timelimit": 7},
    {"timelimit": ["a", "b"]},
    {"timelimit": [1, 1]},
    {"timelimit": {}},
    {"stamps": 7},
    {"stamped_headers": [7], "stamps": {"a": [1]}},
    {"eta": 7},
    {"eta": "2020-01-01T00:00:00"},
    {"eta": "9999-12-31T23:59:59+00:00"},
    {"expires": "x"},
    {"expires": "2020-01-01T00:00:00+00:00"},
    {"retries": "x"},
    {"id": None},
    {"id": {}},
    {"argsrepr": 7},
    {"shadow": {"a": 1}},
    {"group": 7},
    {"big": "x" * 10**6},
]


# Made when a test needs them: every process of the tests reads this module.
def million() -> bytes:
    return b"[" + b",".join(b'{"uri":"/r/%07d.jpg"}' % number for number in range(1_000_000)) + b"]"


@cache
def bomb() -> str:
    """Half a gigabyte in a message of 600 bytes."""
    return base64.b64encode(bz2.compress(b" " * 2**29)).decode()


class Evil:
    """Runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture(autouse=True)
def the_worker_continues(bench: WorkerHarness) -> Iterator[None]:
    """After every test: the worker has the same processes, holds no message, and processes a good chunk."""
    before = worker_processes(bench.settings.home)
    yield
    await_true(lambda: not bench.client.llen(KEY_PREFIX + QUEUE))
    bench.assert_works()
    await_true(lambda: not bench.client.hlen(KEY_PREFIX + "unacked"))
    assert worker_processes(bench.settings.home) == before
    assert "WorkerLost" not in bench.log and "Traceback" not in bench.log


def sent(bench: WorkerHarness, headers: dict[str, Any], key: str = QUEUE, **fields: Any) -> None:
    """Send the message of an unknown chunk, with these headers and fields instead of its own."""
    number = next(bench.numbers)
    chunk_id = f"20200101-000000-abcdef/{number:06d}"
    message = {
        "body": base64.b64encode(json.dumps([[chunk_id], {}, {}]).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": INGEST_CHUNK, "id": chunk_id, "lang": "py", **headers},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": f"tag-{number}",
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
        },
    }
    bench.client.lpush(KEY_PREFIX + key, json.dumps(message | fields))


def test_a_pickle_is_refused_and_not_unpacked(bench: WorkerHarness, tmp_path: Path) -> None:
    bench.app.send_task(INGEST_CHUNK, args=(Evil(tmp_path / "gotcha"),), serializer="pickle")
    bench.assert_works()
    assert not (tmp_path / "gotcha").exists()


def test_bytes_that_are_not_a_message_are_refused_with_few_lines_in_the_log(bench: WorkerHarness) -> None:
    before = bench.log.count("Refused ")
    for _ in range(10):
        bench.client.lpush(KEY_PREFIX + QUEUE, *NO_MESSAGES)
    await_true(lambda: not bench.client.llen(KEY_PREFIX + QUEUE))
    assert "message(s) in the broker that lookalike did not send" in bench.log
    assert bench.log.count("Refused ") - before < 5


@pytest.mark.parametrize("headers", ODD_HEADERS, ids=lambda headers: repr(headers)[:40])
def test_a_message_with_an_odd_header_is_not_held(bench: WorkerHarness, headers: dict[str, Any]) -> None:
    for _ in range(3):
        sent(bench, headers)


def test_a_message_of_this_form_is_held_by_nobody_but_a_worker(bench: WorkerHarness) -> None:
    sent(bench, {})
    await_true(lambda: "no job '20200101-000000-abcdef'" in bench.log)


@pytest.mark.parametrize("key", [QUEUE, f"{QUEUE}\x06\x169"], ids=["queue", "queue of low priority"])
def test_a_compressed_message_is_refused_before_it_is_unpacked(bench: WorkerHarness, key: str) -> None:
    parent, _ = worker_processes(bench.settings.home)
    before = peak(parent)
    for compression in ("bzip2", "application/x-bz2"):
        sent(bench, {"compression": compression}, key, body=bomb())
    await_true(lambda: not bench.client.llen(KEY_PREFIX + key))
    bench.assert_works()
    assert peak(parent) - before < BOMB_BOUND_BYTES


def test_remote_control_of_another_form_is_refused(bench: WorkerHarness) -> None:
    parent, _ = worker_processes(bench.settings.home)
    before, channel = peak(parent), "/0.celery.pidbox"
    control = {
        "body": bomb(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"compression": "bzip2"},
        "properties": {"body_encoding": "base64", "delivery_tag": "t", "delivery_info": {}},
    }
    for content in [*NO_MESSAGES, b"{}", json.dumps(control).encode()]:
        assert bench.client.publish(KEY_PREFIX + channel, content) == 1
    bench.assert_works()
    assert peak(parent) - before < BOMB_BOUND_BYTES
    assert bench.app.control.inspect(timeout=2).ping()


def test_an_unknown_task_is_refused(bench: WorkerHarness) -> None:
    bench.app.send_task("os.system", args=("true",))
    bench.assert_works()
    assert "os.system[" not in bench.log


@pytest.mark.parametrize("task", [INGEST_CHUNK, FINISH_JOB])
def test_wrong_arguments_are_refused(bench: WorkerHarness, task: str) -> None:
    wrong: list[tuple[Any, ...]] = [(), (7,), (None,), ({"id": 1},), ("a", "b"), ("\ud800",), ("x" * 10**6,), ("",)]
    for arguments in [*wrong, ("../../etc/0",)]:
        bench.app.send_task(task, args=arguments, task_id=f"wrong-{next(bench.numbers)}")
    bench.assert_works()
    assert "[wrong-" not in bench.log


def test_malformed_records_of_held_messages_are_dropped_and_keep_no_other_from_returning(bench: WorkerHarness) -> None:
    records = [b"{broken", b"[]", b"null", b'["a"]', b'[7, "", ""]', b'[{}, "", "images"]', b"[" * 10_000]
    for number, record in enumerate(records):
        bench.client.hset(KEY_PREFIX + "unacked", f"forged-{number}", record)
        bench.client.zadd(KEY_PREFIX + "unacked_index", {f"forged-{number}": number})
    await_true(lambda: not bench.client.zcard(KEY_PREFIX + "unacked_index"))


def test_a_chunk_that_does_not_exist_changes_nothing(bench: WorkerHarness) -> None:
    job_id, other = bench.open_job(), bench.open_job()
    chunk = Chunk(f"{job_id}/000000", job_id, (ImageRef(str(bench.root / "a.jpg")),))
    bench.ledger.open_chunk(chunk)
    for chunk_id in (f"{job_id}/000001", f"{other}/000000", "20200101-000000-abcdef/000000"):
        send_chunk(bench.app, chunk_id)
    await_true(lambda: "no job '20200101-000000-abcdef'" in bench.log)
    bench.assert_works()
    assert bench.ledger.chunk(chunk.id) == chunk
    assert (bench.ledger.job(job_id).done, bench.ledger.job(other).done) == (0, 0)


def test_a_forged_finish_message_does_not_end_an_unfinished_job(bench: WorkerHarness) -> None:
    job_id = bench.open_job()
    bench.ledger.open_chunk(Chunk(f"{job_id}/000000", job_id, (ImageRef(str(bench.root / "a.jpg")),)))
    send_finish(bench.app, job_id)
    bench.assert_works()
    assert bench.ledger.job(job_id).state is JobState.ENUMERATING


def test_references_that_lead_out_of_the_roots_are_rejected(bench: WorkerHarness, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(encoded("jpeg"))
    link = bench.root / f"link-{next(bench.numbers)}.jpg"
    link.symlink_to(secret)
    outside = [
        *(str(secret), f"file://{secret}", f"{bench.root}/../../{os.path.relpath(secret, bench.root.parent.parent)}"),
        *(str(link), "secret.jpg", f"{bench.root}/a\0.jpg", "/proc/self/environ", "file:///dev/zero", ""),
    ]
    job = bench.run(*outside)
    assert {item.uri: item.reason for item in bench.ledger.rejected(job.id)} == dict.fromkeys(
        outside, Reason.OUTSIDE_ROOT
    )
    assert (job.state, job.rejected) == (JobState.FINISHED, len(outside))


def test_only_the_reference_that_no_file_can_have_is_rejected(bench: WorkerHarness) -> None:
    good = bench.root / f"good-{next(bench.numbers)}.jpg"
    good.write_bytes(encoded("png"))
    job = bench.run(f"{bench.root}/{'a' * 100_000}.jpg", "http://169.254.169.254/a.jpg", str(good))
    assert sorted(item.reason for item in bench.ledger.rejected(job.id)) == [Reason.NOT_FOUND, Reason.OUTSIDE_ROOT]
    assert (job.state, job.indexed) == (JobState.FINISHED, 1)


@pytest.mark.parametrize("payload", MALFORMED, ids=lambda payload: payload[:30].decode("latin-1"))
def test_a_foreign_chunk_stops_its_job_with_a_reason(bench: WorkerHarness, payload: bytes) -> None:
    job = bench.run_raw(payload)
    assert job.state is JobState.FAILED
    assert f"Chunk '{job.id}/000000' was not written by lookalike" in job.error
    assert bench.ledger.outstanding(job.id) == 0


def test_a_million_references_are_refused_before_they_take_memory(bench: WorkerHarness) -> None:
    (child,) = worker_processes(bench.settings.home)[1]
    before = peak(child)
    job = bench.run_raw(million())
    assert job.state is JobState.FAILED and "a chunk has 1 to 1024 references" in job.error
    assert peak(child) - before < MANY_BOUND_BYTES


def peak(pid: int) -> int:
    """The peak memory of a process in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def test_a_broken_model_in_a_jobs_record_stops_that_job(bench: WorkerHarness) -> None:
    job_id = bench.open_job()
    bench.client.hset(f"lookalike:ledger:job:{job_id}", "spec", "{broken")
    bench.ledger.open_chunk(Chunk(f"{job_id}/000000", job_id, (ImageRef(str(bench.root / "a.jpg")),)))
    send_chunk(bench.app, f"{job_id}/000000")
    assert bench.ended(job_id).state is JobState.FAILED


@pytest.mark.parametrize("name", ["job", "outstanding", "attempts", "timeouts", "opened", "rejected"])
def test_a_job_with_a_record_of_a_wrong_type_harms_itself_alone(bench: WorkerHarness, name: str) -> None:
    job_id = bench.open_job()
    bench.ledger.open_chunk(Chunk(f"{job_id}/000000", job_id, (ImageRef(str(bench.root / "absent.jpg")),)))
    bench.client.delete(f"lookalike:ledger:{name}:{job_id}")
    bench.client.set(f"lookalike:ledger:{name}:{job_id}", "text")
    send_chunk(bench.app, f"{job_id}/000000")
    bench.assert_works()
    if name != "job":
        assert "of another type" in bench.ended(job_id).error
    bench.client.delete(f"lookalike:ledger:{name}:{job_id}")
    bench.client.srem("lookalike:ledger:active", job_id)


def test_totals_and_lists_of_a_wrong_type_do_not_stop_the_work(bench: WorkerHarness) -> None:
    names = ("counters", "hosts", f"work:{socket.gethostname()}", "workers")
    for name in names:
        bench.client.delete(f"lookalike:ledger:{name}")
        bench.client.set(f"lookalike:ledger:{name}", "text")
    bench.assert_works()
    await_true(lambda: "This worker cannot report itself" in bench.log)
    bench.client.delete(*(f"lookalike:ledger:{name}" for name in names))
