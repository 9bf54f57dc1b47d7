"""The reconciler sends a message again if its chunk is outstanding in the ledger, but neither queued nor leased.

Celery on Redis loses a message when a worker dies between taking and recording it (celery#4354, celery#7950), and
withholds the messages of a dead worker for the visibility timeout. The ledger knows all work, so neither matters.
"""

import logging
import time

from celery import Celery

from lookalike.envelope import finish_id
from lookalike.ledger import Job, JobState, Ledger
from lookalike.logs import working_on
from lookalike.messages import MessageInvalid
from lookalike.queue import queued_ids, send_chunk, send_chunks, send_finish

logger = logging.getLogger(__name__)

#: Seconds between the queue and a worker's claim after which a message counts as lost.
GRACE_S = 10.0
#: A message is sent again at most once in this time, however many reconcilers run.
RESEND_EVERY_S = 30
#: Interval between two looks of `resend_lost`, and how long it goes on after the grace time.
POLL_S = 0.5
REPAIR_MARGIN_S = 5.0


class Reconciler:
    """Remembers between calls since when a message has been missing. Not safe to share between threads."""

    def __init__(self, ledger: Ledger, app: Celery, grace_s: float = GRACE_S) -> None:
        self._ledger = ledger
        self._grace_s = grace_s
        self._app = app
        self._missing_since: dict[str, float] = {}

    def resend_lost(self) -> int:
        """Send again the messages of all active jobs that have been missing for the grace time, and those of images
        that were put aside until now.

        A job with a damaged record fails, and harms no other. Returns the number of messages sent. Raises
        BrokerUnavailable.
        """
        self._send_due()
        queued = queued_ids(self._app)
        missing: dict[str, Job] = {}
        for job in self._ledger.active_jobs():
            try:
                self._end_if_abandoned(job)
                self._drop_if_cancelled(job)
                missing |= {task_id: job for task_id in self._expected(job) if task_id not in queued}
            except MessageInvalid as error:
                self._fail(job, error)
        now = time.monotonic()
        self._missing_since = {task_id: self._missing_since.get(task_id, now) for task_id in missing}
        lost = [task_id for task_id, since in self._missing_since.items() if now - since >= self._grace_s]
        return sum(self._send(task_id, missing[task_id]) for task_id in lost)

    @property
    def missing(self) -> int:
        """The number of tasks that were neither queued nor claimed at the last look."""
        return len(self._missing_since)

    def _send_due(self) -> None:
        if chunk_ids := self._ledger.due():
            send_chunks(self._app, chunk_ids)

    def _expected(self, job: Job) -> list[str]:
        """Task ids that should be in the queue, because no worker holds a lease on them."""
        if job.state is JobState.FINISHING:
            return [] if self._ledger.is_end_held(finish_id(job.id)) else [finish_id(job.id)]
        if job.state is JobState.CANCELLING:
            return []
        return self._ledger.unleased(job.id)

    def _end_if_abandoned(self, job: Job) -> None:
        """A job whose producer died gets no more chunks; its present chunks are still processed."""
        if job.state is JobState.ENUMERATING and not self._ledger.has_producer(job.id):
            with working_on(finish_id(job.id)):
                logger.warning("The producer of job %s has died; the job ends after the chunks it has.", job.id)
            if self._ledger.drain(job.id, ending=JobState.INTERRUPTED):
                send_finish(self._app, job.id)

    def _fail(self, job: Job, error: MessageInvalid) -> None:
        with working_on(finish_id(job.id)):
            logger.error("Job %s stopped: %s", job.id, error)
        self._ledger.fail(job.id, str(error))

    def _drop_if_cancelled(self, job: Job) -> None:
        """The chunks that workers held when the job was cancelled, and hold no more, are dropped as well."""
        if job.state is JobState.CANCELLING and self._ledger.cancel(job.id) is JobState.FINISHING:
            send_finish(self._app, job.id)

    def _send(self, task_id: str, job: Job) -> bool:
        if not self._ledger.may_resend(task_id, RESEND_EVERY_S):
            return False
        with working_on(task_id):
            logger.warning("The message of %s was lost; sending it again.", task_id)
        self._ledger.count_resent(job.id)
        if job.state is JobState.FINISHING:
            send_finish(self._app, job.id)
        else:
            send_chunk(self._app, task_id)
        return True


def resend_lost(ledger: Ledger, app: Celery, *, grace_s: float = GRACE_S) -> int:
    """Resend every message that is lost now, and return their number; waits until the grace time has passed.

    Raises BrokerUnavailable.
    """
    reconciler = Reconciler(ledger, app, grace_s)
    deadline = time.monotonic() + grace_s + REPAIR_MARGIN_S
    sent = reconciler.resend_lost()
    while reconciler.missing and time.monotonic() < deadline:
        time.sleep(POLL_S)
        sent += reconciler.resend_lost()
    return sent


def take_back(ledger: Ledger, app: Celery) -> None:
    """Send again at once, without grace time, what workers had that have all ended by an outer cause.

    Raises BrokerUnavailable.
    """
    queued = queued_ids(app)
    for job in ledger.active_jobs():
        ledger.end_leases(job.id)
        ledger.release_end(finish_id(job.id))
        for chunk_id in ledger.outstanding_ids(job.id):
            if job.is_worked_on and chunk_id not in queued:
                send_chunk(app, chunk_id)
        if job.state is JobState.FINISHING and finish_id(job.id) not in queued:
            send_finish(app, job.id)
