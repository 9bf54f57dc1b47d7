"""The reconciler: sends again what the ledger holds outstanding but neither the queue nor a worker has.

Celery on Redis loses a message when a worker dies between taking and recording it (celery#4354, celery#7950), and holds
the messages of a dead worker back for the visibility timeout. The ledger knows what is to be done, so neither matters.
"""

import logging
import time

from celery import Celery

from lookalike.ledger import Job, JobState, Ledger
from lookalike.logs import working_on
from lookalike.queue import finish_id, queued_ids, send_chunk, send_finish

logger = logging.getLogger(__name__)

#: How long a message may be on its way from the queue to a worker's claim before it counts as lost.
GRACE_S = 10.0
#: No message is sent again twice within this, however many reconcilers look.
RESEND_EVERY_S = 30
#: Interval between two looks of `resend_lost`, and how long it goes on after the grace time.
POLL_S = 0.5
REPAIR_MARGIN_S = 5.0


class Reconciler:
    """Remembers between two looks since when something has been missing. Not safe to share between threads."""

    def __init__(self, ledger: Ledger, app: Celery, grace_s: float = GRACE_S) -> None:
        self._ledger = ledger
        self._grace_s = grace_s
        self._app = app
        self._missing_since: dict[str, float] = {}

    def look(self) -> int:
        """Look at every job that has not ended and send again what has been missing for the grace time.

        Returns how many messages were sent. Raises BrokerUnavailable.
        """
        queued = queued_ids(self._app)
        missing: dict[str, Job] = {}
        for job in self._ledger.active_jobs():
            self._end_if_abandoned(job)
            missing |= {task_id: job for task_id in self._expected(job) if task_id not in queued}
        now = time.monotonic()
        self._missing_since = {task_id: self._missing_since.get(task_id, now) for task_id in missing}
        lost = [task_id for task_id, since in self._missing_since.items() if now - since >= self._grace_s]
        return sum(self._send(task_id, missing[task_id]) for task_id in lost)

    @property
    def missing(self) -> int:
        """The number of tasks that were neither queued nor claimed at the last look."""
        return len(self._missing_since)

    def _expected(self, job: Job) -> list[str]:
        """Task ids that should be waiting in the queue, for no worker holds them."""
        if job.state is JobState.FINISHING:
            return [finish_id(job.id)]
        return self._ledger.unattended(job.id)

    def _end_if_abandoned(self, job: Job) -> None:
        """A job whose producer died gets no more chunks; what it has is still worked off."""
        if job.state is JobState.ENUMERATING and not self._ledger.has_producer(job.id):
            with working_on(finish_id(job.id)):
                logger.warning("The producer of job %s is gone; the job ends with what it has.", job.id)
            if self._ledger.drain(job.id, ending=JobState.INTERRUPTED):
                send_finish(self._app, job.id)

    def _send(self, task_id: str, job: Job) -> bool:
        if not self._ledger.may_resend(task_id, RESEND_EVERY_S):
            return False
        with working_on(task_id):
            logger.warning("%s was lost on its way and is sent again.", task_id)
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
    sent = reconciler.look()
    while reconciler.missing and time.monotonic() < deadline:
        time.sleep(POLL_S)
        sent += reconciler.look()
    return sent
