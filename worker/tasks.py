"""The tasks: Celery's side of the work. They fetch, call the pipeline, and turn errors into retries or ends."""

import logging
import random
from collections.abc import Callable
from functools import cache
from typing import Any

from celery import Celery, Task

from lookalike.errors import LookalikeError, Refused, Unavailable
from lookalike.ledger import Job
from lookalike.queue import FINISH_JOB, INGEST_CHUNK, send_finish
from lookalike.records import Chunk, Outcome
from worker.pipeline import ingest
from worker.workbench import Workbench

logger = logging.getLogger(__name__)

#: Longest wait before a chunk is tried again while a service is away.
MAX_BACKOFF_S = 30.0


def register(app: Celery, make_workbench: Callable[[], Workbench]) -> None:
    """Declare the tasks on `app`; each process makes its own workbench with its first task."""
    workbench = cache(make_workbench)

    @app.task(name=INGEST_CHUNK, bind=True, max_retries=None)
    def ingest_chunk(task: Task, chunk_id: str) -> Any:
        return _guarded(
            task, workbench(), chunk_id.rpartition("/")[0], lambda job: _ingest(app, workbench(), job, chunk_id)
        )

    @app.task(name=FINISH_JOB, bind=True, max_retries=None)
    def finish_job(task: Task, job_id: str) -> None:
        _guarded(task, workbench(), job_id, lambda job: _finish(workbench(), job))


def _guarded(task: Task, bench: Workbench, job_id: str, work: Callable[[Job], Any]) -> Any:
    """Run a task's work; what passes is tried again later, what does not stops the job and says why."""
    try:
        job = bench.ledger.job(job_id)
        return None if job.has_ended else work(job)
    except Unavailable as error:
        raise task.retry(exc=error, countdown=_backoff_s(task.request.retries)) from error
    except Refused as error:
        logger.error("Job %s stopped: %s", job_id, error)
        bench.ledger.fail(job_id, str(error))
    except LookalikeError as error:
        logger.error("Dropped a message: %s", error)
    except Exception as error:
        # A bug of ours: without this the chunk would stay outstanding and the job never end.
        logger.exception("Job %s stopped", job_id)
        bench.ledger.fail(job_id, f"{type(error).__name__}: {error}\nThe worker's log has the details.")
    return None


def _ingest(app: Celery, bench: Workbench, job: Job, chunk_id: str) -> dict[str, int] | None:
    chunk = bench.ledger.chunk(chunk_id)
    if chunk is None:
        return None
    outcome = ingest(
        chunk,
        read=bench.read,
        decode=bench.decode,
        embed=bench.embedder(job),
        index=bench.index(job),
        fingerprint=job.fingerprint,
    )
    if bench.ledger.close_chunk(chunk, outcome):
        send_finish(app, job.id)
    return _summary(chunk, outcome)


def _finish(bench: Workbench, job: Job) -> None:
    bench.index(job).settle()
    bench.ledger.finish(job.id)


def _summary(chunk: Chunk, outcome: Outcome) -> dict[str, int]:
    return {
        "images": len(chunk.refs),
        "indexed": outcome.indexed,
        "unchanged": outcome.unchanged,
        "rejected": len(outcome.rejected),
    }


def _backoff_s(retries: int) -> float:
    """Exponential with full jitter, so that workers do not come back all at once."""
    return random.uniform(0.5, min(MAX_BACKOFF_S, 2.0 ** min(retries, 10)))
