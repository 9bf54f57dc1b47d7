"""A worker that is told to stop ends the chunk that it has and exits within seconds, whichever signal it gets."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis.client import PubSub

from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.folder import folder_of
from lookalike.ledger import JobState
from lookalike.queue import KEY_PREFIX, QUEUE, send_chunk, send_finish
from lookalike.records import Chunk, ImageRef
from testing.images import encoded, scene
from testing.processes import await_true, processes, worker_processes
from testing.services.redis import RedisServer
from testing.services.web import Request, WebServer
from testing.worker_harness import WorkerHarness
from tests.slow import slow
from tests.worker.conftest import start_worker, working

#: A chunk takes two seconds, images of other hosts have ten; Celery's soft shutdown would sleep for 60.
STOP_S = 40.0
CHUNKS = 6
PER_CHUNK = 10
SLOW = [f"{name}={value}" for name, value in slow(0.2).items()]
HELD = KEY_PREFIX + "unacked"


@pytest.fixture(scope="module")
def bench(server: RedisServer, tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[WorkerHarness]:
    """A worker as an operator may have started it, with Celery's variable for containers."""
    with working(server, tmp_path_factory.mktemp("stopping"), model_home, "REMAP_SIGTERM=SIGQUIT", *SLOW) as made:
        yield made


def begun(bench: WorkerHarness) -> str:
    """A job whose chunks are in the queue."""
    job_id, content = bench.open_job(), encoded("jpeg", scene())
    for number in range(CHUNKS):
        images = [bench.root / f"{number}-{each}.jpg" for each in range(PER_CHUNK)]
        for image in images:
            image.write_bytes(content + image.name.encode())  # different bytes, so that each is decoded
        chunk = Chunk(f"{job_id}/{number:06d}", job_id, tuple(ImageRef(str(image)) for image in images))
        bench.ledger.open_chunk(chunk)
        send_chunk(bench.app, chunk.id)
    bench.ledger.drain(job_id)
    return job_id


def signalled(bench: WorkerHarness, number: signal.Signals) -> int:
    """Send the signal to the worker's main process, and return its exit code when it has ended, soon."""
    os.kill(worker_processes(bench.settings.home)[0], number)
    await_true(lambda: not bench.worker.is_running, timeout_s=STOP_S)
    code = bench.worker.wait()
    bench.worker.stop()  # closes its pipe
    return code


def restart(bench: WorkerHarness, folder: Path, *further: str) -> None:
    """Another worker in place of the one that a test before this one has ended, or has not."""
    if bench.worker.is_running:
        bench.worker.stop()
    bench.worker = start_worker(bench.settings, folder, *further)


@contextmanager
def told(bench: WorkerHarness) -> Iterator[Callable[[], list[tuple[str, str]]]]:
    """What gives type and task of each event that Celery has sent since about a task."""
    with PubSub(bench.client.connection_pool) as listener:
        listener.psubscribe("*celeryev/task.multi")
        await_true(lambda: listener.get_message(timeout=1))
        yield lambda: list(_events(listener))


def _events(listener: PubSub) -> Iterator[tuple[str, str]]:
    while message := listener.get_message(timeout=1):
        for event in json.loads(base64.b64decode(json.loads(message["data"])["body"])):
            yield event["type"], event["uuid"]


def test_a_worker_under_load_stops_after_its_chunk_and_the_next_one_goes_on(
    bench: WorkerHarness, tmp_path: Path
) -> None:
    with told(bench) as events:
        job_id = begun(bench)
        await_true(lambda: bench.ledger.job(job_id).done)
        assert signalled(bench, signal.SIGQUIT) == 0
        succeeded = [id for kind, id in events() if kind == "task-succeeded" and id.startswith(job_id)]
    done = bench.ledger.job(job_id).done
    assert 0 < done < PER_CHUNK * CHUNKS and done % PER_CHUNK == 0
    assert len(succeeded) == done // PER_CHUNK, "the event of the last chunk is lost"
    assert (bench.client.hlen(HELD), bench.client.llen(KEY_PREFIX + QUEUE)) == (0, CHUNKS - done // PER_CHUNK)
    restart(bench, tmp_path)
    job = bench.ended(job_id)
    assert (job.state, job.indexed, job.resent) == (JobState.FINISHED, PER_CHUNK * CHUNKS, 0)
    assert signalled(bench, signal.SIGTERM) == 0


async def drip(request: Request, writer: asyncio.StreamWriter) -> None:
    """An image at a pace that no limit forbids, for far longer than a worker may take to stop."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n" + encoded("jpeg")[:20])
    while True:
        writer.write(bytes(10_000))
        await writer.drain()
        await asyncio.sleep(0.05)


def test_a_worker_stops_soon_although_hosts_drip_or_hang_and_loses_nothing(
    bench: WorkerHarness, tmp_path: Path
) -> None:
    with WebServer() as slow, WebServer(hangs=True) as silent:
        roots = f'LOOKALIKE_ROOTS=["{bench.root}", "{slow.url}/", "{silent.url}/"]'
        restart(bench, tmp_path, roots)
        job_id, local = bench.open_job(), bench.root / "beside.jpg"
        local.write_bytes(encoded("jpeg"))
        urls = [host.put(path, drip) for host in (slow, silent) for path in ("/1.jpg", "/2.jpg")]
        chunk = Chunk(f"{job_id}/000000", job_id, tuple(map(ImageRef, (str(local), *urls))))
        bench.ledger.open_chunk(chunk)
        send_chunk(bench.app, chunk.id)
        bench.ledger.drain(job_id)
        await_true(lambda: {"/1.jpg", "/2.jpg"} <= set(slow.paths()))
        assert signalled(bench, signal.SIGTERM) == 0
        assert (bench.client.hlen(HELD), bench.client.llen(KEY_PREFIX + QUEUE)) == (0, 1)
        silent.hangs = False
        for number, host in enumerate((slow, slow, silent, silent)):
            host.put(f"/{number % 2 + 1}.jpg", encoded("jpeg", scene(64, 48 + number)))
        restart(bench, tmp_path, roots)
        job = bench.ended(job_id)
        assert (job.state, job.indexed, job.rejected, job.resent) == (JobState.FINISHED, 5, 0, 0)
        assert "did not finish" not in bench.log, "the attempt counted"


def builders(bench: WorkerHarness) -> list[int]:
    return [pid for pid, line in processes(bench.settings.home).items() if "lancedb.building" in line]


def test_a_worker_stops_soon_although_an_ann_index_is_being_built_and_another_one_ends_the_job(
    bench: WorkerHarness, tmp_path: Path
) -> None:
    restart(bench, tmp_path, "LOOKALIKE_ANN_ROWS=1")
    image = bench.root / "finished.jpg"
    image.write_bytes(encoded("jpeg", scene(64, 40)))
    catalog = Catalog(folder_of(bench.settings.index_address))
    # As a process does that builds it already: the worker's waits for that.
    with catalog.building(catalog.tables()[bench.settings.index], 10):
        job_id = bench.open_job()
        chunk = Chunk(f"{job_id}/000000", job_id, (ImageRef(str(image)),))
        bench.ledger.open_chunk(chunk)
        send_chunk(bench.app, chunk.id)
        if bench.ledger.drain(job_id):
            send_finish(bench.app, job_id)
        await_true(lambda: builders(bench))
        assert signalled(bench, signal.SIGTERM) == 0
        await_true(lambda: not builders(bench))
    assert (bench.client.hlen(HELD), bench.client.llen(KEY_PREFIX + QUEUE)) == (0, 1)
    restart(bench, tmp_path)
    job = bench.ended(job_id)
    assert (job.state, job.indexed, job.resent) == (JobState.FINISHED, 1, 0)


def test_a_second_signal_returns_the_chunk_of_a_process_that_does_not_end(bench: WorkerHarness, tmp_path: Path) -> None:
    if not bench.worker.is_running:
        restart(bench, tmp_path)
    await_true(lambda: "ready." in bench.log)
    # A job has ended before the message of the task that ended it is acknowledged.
    await_true(lambda: not bench.client.hlen(HELD) + bench.client.llen(KEY_PREFIX + QUEUE))
    (child,) = worker_processes(bench.settings.home)[1]
    os.kill(child, signal.SIGSTOP)
    chunk_id = f"{bench.open_job()}/000000"
    send_chunk(bench.app, chunk_id)
    await_true(lambda: bench.client.hlen(HELD))
    # A worker before this one may have written to the same file. Two signals that are pending at once are one.
    stops = bench.log.count("Stopping: ")
    os.kill(worker_processes(bench.settings.home)[0], signal.SIGTERM)
    await_true(lambda: bench.log.count("Stopping: ") > stops)
    signalled(bench, signal.SIGTERM)
    assert bench.client.hlen(HELD) + bench.client.llen(KEY_PREFIX + QUEUE) == 1
    assert "they are sent again" in bench.log


def test_a_second_signal_counts_while_the_main_thread_runs_no_handler() -> None:
    program = """
import hashlib, os, signal, threading
from lookalike_worker.stopping import Received

def watch():
    print("second", received.await_second(0), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    print("second", received.await_second(60), flush=True)
    os._exit(0)

received = Received()
watching = threading.Thread(target=watch)
# On a busy machine the second signal may come before the call below begins.
signal.signal(signal.SIGTERM, lambda *_: watching.is_alive() or watching.start())
signal.raise_signal(signal.SIGTERM)
# Minutes in one call, in which no handler runs.
hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2**31 - 1)
"""
    output = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=50)
    assert output.split() == ["second", "False", "second", "True"]
