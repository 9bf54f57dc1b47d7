"""The tasks: Celery's side of the work. They fetch, call the pipeline, and turn errors into retries or ends."""

import logging
import random
import socket
from collections.abc import Callable
from functools import cache
from typing import Any

from billiard.exceptions import TimeLimitExceeded
from celery import Celery, Task

from lookalike.errors import ChunkHeld, JobUnknown, LookalikeError, Refused, Unavailable
from lookalike.ledger import Effort, Job, Ledger
from lookalike.ledger.ledger import job_of
from lookalike.logs import working_on
from lookalike.patience import patiently
from lookalike.queue import FINISH_JOB, INGEST_CHUNK, send_chunk, send_finish
from lookalike.records import Chunk, Outcome, Reason, Rejected
from worker.attempt import MAX_ATTEMPTS, held
from worker.pipeline import ingest
from worker.stopwatch import Stopwatch, TimedShelf
from worker.workbench import Workbench

logger = logging.getLogger(__name__)

#: Longest wait before a chunk is tried again while a service is away.
MAX_BACKOFF_S = 30.0
#: Wait before a chunk that another attempt holds is looked at again; a few of them make up a lease.
HELD_PAUSE_S = 2.0


def register(app: Celery, make_workbench: Callable[[], Workbench], make_ledger: Callable[[], Ledger]) -> None:
    """Declare the tasks on `app`; each process makes its own workbench with its first task."""
    workbench = cache(make_workbench)

    class ChunkTask(Task):  # type: ignore[misc]
        def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
            # Called in the parent, which has killed the child: the chunk's next attempt must know why.
            if isinstance(exc, TimeLimitExceeded):
                make_ledger().note_timeout(task_id)

    @app.task(name=INGEST_CHUNK, base=ChunkTask, bind=True, max_retries=None)
    def ingest_chunk(task: Task, chunk_id: str) -> Any:
        bench = workbench()
        return _guarded(task, bench, job_of(chunk_id), lambda job: _ingest(app, bench, job, chunk_id), chunk_id)

    @app.task(name=FINISH_JOB, bind=True, max_retries=None)
    def finish_job(task: Task, job_id: str) -> None:
        bench = workbench()
        _guarded(task, bench, job_id, lambda job: _finish(bench, job))


def _guarded(task: Task, bench: Workbench, job_id: str, work: Callable[[Job], Any], chunk_id: str | None = None) -> Any:
    """Run a task's work; what passes is tried again later, what does not stops the job and says why."""
    with working_on(task.request.id):
        return _tried(task, bench, job_id, work, chunk_id)


def _tried(task: Task, bench: Workbench, job_id: str, work: Callable[[Job], Any], chunk_id: str | None) -> Any:
    try:
        job = patiently(lambda: bench.ledger.job(job_id))
        return None if job.has_ended else work(job)
    except ChunkHeld as error:
        # Either it will be closed, or its process has died and its lease runs out.
        raise task.retry(exc=error, countdown=HELD_PAUSE_S) from error
    except Unavailable as error:
        wait_s, away = _backoff_s(task.request.retries), error.service
        if chunk_id is not None:
            patiently(lambda: bench.ledger.release(chunk_id, wait_s, away))
        raise task.retry(exc=error, countdown=wait_s) from error
    except JobUnknown as error:
        logger.error("Dropped a message: %s", error)
    except Refused as error:
        logger.error("Job %s stopped: %s", job_id, error)
        _stop(bench, job_id, str(error))
    except LookalikeError as error:
        logger.error("Dropped a message: %s", error)
    except Exception as error:
        # A bug of ours: without this the chunk would stay outstanding and the job never end.
        logger.exception("Job %s stopped", job_id)
        _stop(bench, job_id, f"{type(error).__name__}: {error}\nThe worker's log has the details.")
    return None


def _stop(bench: Workbench, job_id: str, why: str) -> None:
    """End a job that cannot go on, and leave its index as it was before."""
    job = bench.ledger.job(job_id)
    bench.ledger.fail(job_id, why)
    try:
        bench.index(job).settle()
    except LookalikeError as error:
        logger.warning("Index %s cannot be restored now (lookalike index restore): %s", job.index, error)


def _ingest(app: Celery, bench: Workbench, job: Job, chunk_id: str) -> dict[str, int] | None:
    claimed = patiently(lambda: bench.ledger.claim(chunk_id))
    if claimed is None:
        return None
    chunk, attempt = claimed
    watch = Stopwatch()
    with held(bench.ledger, chunk.id):
        if attempt > 1 and len(chunk.refs) > 1:
            _split(app, bench, chunk, deaths=attempt - 1)
            return None
        if attempt > MAX_ATTEMPTS:
            return _close(app, bench, chunk, _given_up(bench, chunk, attempt - 1), watch)
        outcome = ingest(
            chunk,
            read=watch.timed("read", bench.read),
            decode=watch.timed("decode", bench.decoder(job)),
            embed=watch.timed("embed", bench.embedder(job)),
            index=TimedShelf(bench.shelf(job), watch),
            fingerprint=job.fingerprint,
        )
        return _close(app, bench, chunk, outcome, watch)


def _split(app: Celery, bench: Workbench, chunk: Chunk, deaths: int) -> None:
    """Something in this chunk may have killed its process: each image on its own shows which one."""
    parts = chunk.parts()
    if patiently(lambda: bench.ledger.split(chunk, parts, deaths)):
        logger.warning("%s did not come to its end; its %d images are tried one by one.", chunk.id, len(parts))
        for part in parts:
            send_chunk(app, part.id)


def _given_up(bench: Workbench, chunk: Chunk, last: int) -> Outcome:
    # The last attempt decides: an earlier one may have run out of time for another reason, such as a busy machine.
    reason = Reason.TIMEOUT if bench.ledger.has_timed_out(chunk.id, last) else Reason.WORKER_KILLED
    detail = f"its process ended {MAX_ATTEMPTS} times"
    return Outcome(indexed=0, unchanged=0, rejected=tuple(Rejected(ref.uri, reason, detail) for ref in chunk.refs))


def _close(app: Celery, bench: Workbench, chunk: Chunk, outcome: Outcome, watch: Stopwatch) -> dict[str, int]:
    effort = Effort(socket.gethostname(), watch.seconds)
    if patiently(lambda: bench.ledger.close_chunk(chunk, outcome, effort)):
        send_finish(app, chunk.job)
    return {
        "images": len(chunk.refs),
        "indexed": outcome.indexed,
        "unchanged": outcome.unchanged,
        "rejected": len(outcome.rejected),
    }


def _finish(bench: Workbench, job: Job) -> None:
    bench.index(job).settle()
    bench.ledger.finish(job.id)


def _backoff_s(retries: int) -> float:
    """Exponential with full jitter, so that workers do not come back all at once."""
    return random.uniform(0.5, min(MAX_BACKOFF_S, 2.0 ** min(retries, 10)))
