"""Watches a running job: its processes, its progress, and lost messages."""

import time
from collections.abc import Callable

from celery import Celery

from lookalike.embedded import Stack
from lookalike.errors import BrokerUnavailable
from lookalike.ledger import Job, Ledger
from lookalike.reconciler import Reconciler

#: Between two looks at the ledger while waiting: a share of the time waited until now, within these limits.
POLL_SHARE = 0.02
LEAST_POLL_S, POLL_S = 0.01, 0.1
#: Between two checks for lost messages; the workers check as well.
RECONCILE_EVERY_S = 5.0
#: How long a waiting producer tolerates a broker that does not answer. The job itself continues when it is back.
BROKER_RETRY_S = 60.0


class JobWatch:
    """Watches a job: its processes, its progress, and lost messages."""

    def __init__(
        self, job_id: str, *, stack: Stack, ledger: Ledger, celery: Celery, on_progress: Callable[[Job], None]
    ) -> None:
        self._job_id = job_id
        self._stack = stack
        self._ledger = ledger
        self._on_progress = on_progress
        self._reconciler = Reconciler(ledger, celery)
        self._reconciled = time.monotonic()
        self.job: Job | None = None

    def look(self) -> None:
        """Raises JobUnknown, BrokerUnavailable, and PermanentError if a process has ended for good."""
        self._stack.check()
        self.job = self._ledger.job(self._job_id)
        self._on_progress(self.job)
        if time.monotonic() - self._reconciled >= RECONCILE_EVERY_S:
            self._reconciler.resend_lost()
            self._reconciled = time.monotonic()

    def await_end(self) -> Job:
        """The job when it has ended. Raises BrokerUnavailable if the broker does not answer for BROKER_RETRY_S."""
        seen = began = time.monotonic()
        while self.job is None or not self.job.has_ended:
            waited_s = time.monotonic() - began
            time.sleep(min(POLL_S, max(LEAST_POLL_S, POLL_SHARE * waited_s)) if self.job else 0)
            try:
                self.look()
                seen = time.monotonic()
            except BrokerUnavailable:
                if time.monotonic() - seen > BROKER_RETRY_S:
                    raise
        return self.job
