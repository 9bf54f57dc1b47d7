"""Cancels a job: nothing more of it is worked on, and what was indexed stays."""

import logging
import time
from contextlib import closing

from lookalike import factories
from lookalike.errors import BadSetting, LookalikeError
from lookalike.ledger import Job, JobKind, JobState, Ledger
from lookalike.settings import Settings

logger = logging.getLogger(__name__)

#: Between two looks at the chunks that workers still hold.
POLL_S = 0.1
#: A chunk takes seconds, and the lease of a dead worker ends sooner. Workers end a job that holds longer.
PATIENCE_S = 30.0


def cancel(ledger: Ledger, job_id: str, settings: Settings) -> Job:
    """The job, CANCELLED; or still CANCELLING if a worker needs longer than PATIENCE_S for a chunk.

    Raises JobUnknown, and BadSetting for a job that ended otherwise, and for a map.
    """
    job = ledger.job(job_id)
    if job.state is JobState.CANCELLED:
        return job
    if job.kind is JobKind.MAP and not job.has_ended:
        raise BadSetting(f"Job {job_id} makes a map.", "Stop its command, with Ctrl-C: the former map stays.")
    if ledger.cancel(job_id) is JobState.CANCELLING:
        _await_workers(ledger, job_id)
    ended = _finished(ledger, job, settings)
    if ended.state not in (JobState.CANCELLED, JobState.CANCELLING):
        raise BadSetting(f"Job {job_id} is {ended.state} already.", "Only a job that is running can be cancelled.")
    return ended


def _await_workers(ledger: Ledger, job_id: str) -> None:
    """Until no worker holds a chunk: a chunk is not torn, so that each of its images is counted."""
    deadline = time.monotonic() + PATIENCE_S
    while ledger.cancel(job_id) is JobState.CANCELLING and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _finished(ledger: Ledger, job: Job, settings: Settings) -> Job:
    """The job at its end, brought there if a worker has not done it: perhaps none runs."""
    if ledger.job(job.id).state is JobState.FINISHING:
        ledger.finish(job.id)
        _end_load(job, settings)
    return ledger.job(job.id)


def _end_load(job: Job, settings: Settings) -> None:
    """End the bulk-load mode of the index, and let searches see what was indexed."""
    repair = f"`lookalike index restore {job.index}`"
    if job.index_address != settings.index_address:
        logger.warning("Run %s with LOOKALIKE_INDEX_URL set to %s.", repair, job.index_address)
        return
    try:
        with closing(factories.open_index(settings, job.index)) as index:
            index.end_load()
    except LookalikeError as error:
        logger.warning("Index %s cannot be restored now (%s): %s", job.index, repair, error)
