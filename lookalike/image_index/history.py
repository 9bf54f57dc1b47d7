"""The part of a handle that is about the jobs of its index."""

import time
from contextlib import closing
from typing import TYPE_CHECKING

from lookalike.image_index import arguments
from lookalike.image_index.base import Handle, on_open_handle
from lookalike.records import Reason, Rejected

if TYPE_CHECKING:
    from lookalike.ledger import Job
    from lookalike_producer.report import Report


class History(Handle):
    """List, cancel and retry jobs."""

    @on_open_handle("embedded")
    def jobs(self, limit: int = 20) -> "list[Job]":
        """The latest jobs of this index, newest first, at most `limit`. Raises BrokerUnavailable."""
        most = arguments.whole_number(limit, "limit", 0)
        with self._ledger() as ledger:
            # All of them, which is what a limit of 0 means: others write to other indexes.
            return [job for job in ledger.jobs(limit=0) if self._is_ours(job)][:most]

    @on_open_handle("embedded")
    def retry(self, job: str, *, reason: Reason | str | None = None, progress: bool = True) -> "Report | None":
        """Retry the images that a job rejected, or only those with this `reason`, in a new job.

        The images keep their labels and metadata. Returns the report on the new job, or None if there was nothing
        to retry. Raises JobUnknown, BadSetting for an unknown reason, and as `ingest` does.
        """
        from lookalike.image_index.running import run
        from lookalike.ledger import Ledger
        from lookalike_producer.retry import retries

        began = time.monotonic()
        arguments.text(job, "the id of a job")
        wanted = arguments.reason_of(reason)
        stack = self._resources.stack().with_worker()
        with closing(Ledger(stack.broker_url)) as ledger:
            for retry in retries(ledger, [ledger.job(job)], wanted, self._settings):
                return retry.run(lambda request: run(request, stack, began=began, is_shown=progress))
        return None

    @on_open_handle("embedded")
    def cancel(self, job: str) -> "Job":
        """Stop a job, whoever started it: no more of its images are worked on, and indexed ones stay.

        Returns the job when it has ended, after seconds: found = indexed + unchanged + rejected + not_done. A call that
        waits for the job, such as `ingest` in another thread, raises JobCancelled. A cancelled job can be cancelled
        again. Raises JobUnknown, and BadSetting for a job that has ended otherwise.
        """
        from lookalike_producer.cancel import cancel

        arguments.text(job, "the id of a job")
        with self._ledger() as ledger:
            return cancel(ledger, job, self._settings)

    @on_open_handle("embedded")
    def rejected(self, job: str) -> list[Rejected]:
        """The images that a job rejected, and why. Raises JobUnknown, BrokerUnavailable."""
        arguments.text(job, "the id of a job")
        with self._ledger() as ledger:
            ledger.job(job)
            return list(ledger.rejected(job))

    def _is_ours(self, job: "Job") -> bool:
        return (job.index, job.index_address) == (self.name, self._settings.index_address)
