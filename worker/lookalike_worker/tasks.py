"""The Celery tasks: they load the job, call the pipeline, and turn errors into retries or failed jobs."""

import logging
import random
import socket
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from billiard.exceptions import TimeLimitExceeded
from celery import Celery, Task
from celery.signals import worker_process_init

from lookalike.envelope import FINISH_JOB, INGEST_CHUNK
from lookalike.errors import ChunkLeased, JobUnknown, LookalikeError, PermanentError, Unavailable, WorkerStopping
from lookalike.exhaustion import machine_error
from lookalike.ledger import ChunkTimings, Job, Ledger
from lookalike.ledger.chunks import Claim, job_of
from lookalike.logs import working_on
from lookalike.messages import MessageInvalid
from lookalike.pipeline import give_up, ingest
from lookalike.queue import send_chunk, send_finish
from lookalike.records import Chunk, Outcome, Reason
from lookalike.remembered import nothing_remembered
from lookalike.retry import retry_while
from lookalike.stage_clock import StageClock, TimedEmbed, TimedIndex
from lookalike_worker.context import WorkerContext
from lookalike_worker.lease import MAX_ATTEMPTS, hold_end, keep_lease

logger = logging.getLogger(__name__)

#: Maximum delay before a chunk is retried while a service is unavailable.
MAX_BACKOFF_S = 30.0
#: Delay before a chunk that another attempt holds is retried; several delays fit into a lease.
HELD_PAUSE_S = 2.0


def register(app: Celery, make_context: Callable[[], WorkerContext], make_ledger: Callable[[], Ledger]) -> None:
    """Register the tasks with `app`; each process makes its context with its first task."""
    cached_context = cache(make_context)

    @worker_process_init.connect(weak=False)
    def warm_up(**_: object) -> None:
        # Made here, because two threads would make one each.
        threading.Thread(target=_warm_up, args=(cached_context(),), daemon=True).start()

    class ChunkTask(Task):  # type: ignore[misc]
        def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
            # Called in the parent, which has killed the child; the chunk's next attempt needs the reason.
            if isinstance(exc, TimeLimitExceeded):
                make_ledger().record_timeout(task_id)

    @app.task(name=INGEST_CHUNK, base=ChunkTask, bind=True, max_retries=None)
    def ingest_chunk(task: Task, chunk_id: str) -> Any:
        context = cached_context()
        return _guarded(task, context, job_of(chunk_id), lambda job: _ingest(app, context, job, chunk_id), chunk_id)

    @app.task(name=FINISH_JOB, bind=True, max_retries=None)
    def finish_job(task: Task, job_id: str) -> None:
        context = cached_context()
        _guarded(task, context, job_id, lambda job: _finish(context, job))


def _warm_up(context: WorkerContext) -> None:
    try:
        context.warm_up()
    except LookalikeError as error:
        logger.debug("Nothing is loaded before the first chunk, which will meet the same error: %s", error)


def _guarded(
    task: Task, context: WorkerContext, job_id: str, work: Callable[[Job], Any], chunk_id: str | None = None
) -> Any:
    """Run a task's work: temporary errors are retried, others fail the job with the reason."""
    with working_on(task.request.id):
        return _tried(task, context, job_id, work, chunk_id)


def _tried(task: Task, context: WorkerContext, job_id: str, work: Callable[[Job], Any], chunk_id: str | None) -> Any:
    try:
        job = retry_while(lambda: context.ledger.job(job_id))
        return _worked(work, job) if job.is_worked_on else None
    except ChunkLeased as error:
        # It will be closed, or its process has died and its lease will expire.
        raise task.retry(exc=error, countdown=HELD_PAUSE_S) from error
    except Unavailable as error:
        wait_s, away, why = _backoff_s(task.request.retries), error.service, error.sentences()[0]
        if chunk_id is not None:
            retry_while(lambda: context.ledger.release(chunk_id, wait_s, away, why))
        raise task.retry(exc=error, countdown=wait_s) from error
    except WorkerStopping as error:
        if chunk_id is not None:
            retry_while(lambda: context.ledger.give_back(chunk_id))
        raise task.retry(exc=error, countdown=0) from error
    except JobUnknown as error:
        logger.error("Dropped a message: %s", error)
    except PermanentError as error:
        logger.error("Job %s stopped: %s", job_id, error)
        _stop(context, job_id, str(error))
    except LookalikeError as error:
        logger.error("Dropped a message: %s", error)
    except Exception as error:
        # A bug: without this the chunk would stay outstanding, and the job would never end.
        logger.exception("Job %s stopped", job_id)
        _stop(context, job_id, f"{type(error).__name__}: {error}\nThe worker's log has the details.")
    return None


def _worked(work: Callable[[Job], Any], job: Job) -> Any:
    """Raises MachineExhausted, for which no image is to blame, in place of the system's error."""
    try:
        return work(job)
    except (OSError, MemoryError, RuntimeError) as error:
        if exhausted := machine_error(error):
            raise exhausted from error
        raise


def _stop(context: WorkerContext, job_id: str, why: str) -> None:
    """Fail the job, and restore the settings of its index."""
    try:
        job = context.ledger.job(job_id)
        context.ledger.fail(job_id, why)
    except MessageInvalid as error:
        logger.error("Dropped a message: %s", error)
        return
    try:
        context.index(job).end_load()
    except LookalikeError as error:
        logger.warning("Index %s cannot be restored now (lookalike index restore): %s", job.index, error)


def _ingest(app: Celery, context: WorkerContext, job: Job, chunk_id: str) -> dict[str, int] | None:
    claimed = retry_while(lambda: context.ledger.claim(chunk_id))
    if claimed is None:
        return None
    chunk, attempt, wait = claimed
    clock = StageClock()
    with keep_lease(context.ledger, chunk.id):
        if attempt > 1 and len(chunk.refs) > 1:
            _split(app, context, claimed)
            return None
        if attempt > MAX_ATTEMPTS:
            return _close(app, context, job, chunk, _given_up(context, job, chunk, attempt - 1), clock)
        host_wait = context.host_wait(wait)
        outcome = ingest(
            chunk,
            fetch=clock.arriving(context.fetch(job, host_wait), read="read", wait="fetch"),
            decode=clock.timed("decode", context.decoder(job)),
            embed=TimedEmbed(context.embedder(job), clock, "embed"),
            index=TimedIndex(context.chunk_index(job), clock, look_up="look_up", bulk="bulk"),
            fingerprint=job.fingerprint,
            remembered=context.remembered(job, chunk),
            wait=host_wait,
        )
        return _close(app, context, job, chunk, outcome, clock)


def _split(app: Celery, context: WorkerContext, claimed: Claim) -> None:
    """An image of this chunk may have killed the process; one chunk per image shows which one."""
    parts = claimed.chunk.parts()
    if retry_while(lambda: context.ledger.split(claimed.chunk, parts, claimed.attempt - 1, claimed.wait)):
        logger.warning("%s did not finish; trying its %d images one by one.", claimed.chunk.id, len(parts))
        for part in parts:
            send_chunk(app, part.id)


def _given_up(context: WorkerContext, job: Job, chunk: Chunk, last: int) -> Outcome:
    # The last attempt decides, because an earlier one may have timed out on a busy machine.
    reason = Reason.TIMEOUT if context.ledger.has_timed_out(chunk.id, last) else Reason.WORKER_KILLED
    # A file system that hangs would hang this look at the file as well: only once.
    remembered = context.remembered(job, chunk) if last == MAX_ATTEMPTS else nothing_remembered()
    detail = f"its process ended {MAX_ATTEMPTS} times"
    return give_up(chunk, reason, detail, index=context.chunk_index(job), remembered=remembered)


def _close(
    app: Celery, context: WorkerContext, job: Job, chunk: Chunk, outcome: Outcome, clock: StageClock
) -> dict[str, int]:
    for part in outcome.aside:
        logger.info("%s: %d images wait for %s: %s.", chunk.id, len(part.refs), part.wait.host, part.wait.why)
    effort = ChunkTimings(socket.gethostname(), clock.wall_s)
    if retry_while(lambda: context.ledger.close_chunk(chunk, outcome, effort, place=job.place)):
        send_finish(app, chunk.job)
    return {
        "images": len(chunk.refs),
        "indexed": outcome.indexed,
        "unchanged": outcome.unchanged,
        "rejected": len(outcome.rejected),
        "put_aside": sum(len(part.refs) for part in outcome.aside),
    }


def _finish(context: WorkerContext, job: Job) -> None:
    with hold_end(context.ledger, job.id):
        index = context.index(job)
        index.end_load()
        index.build_ann(context.build_limit_s, context.check)
        context.ledger.finish(job.id)


def _backoff_s(retries: int) -> float:
    """Exponential with full jitter, so that workers do not retry at the same moment."""
    return random.uniform(0.5, min(MAX_BACKOFF_S, 2.0 ** min(retries, 10)))
