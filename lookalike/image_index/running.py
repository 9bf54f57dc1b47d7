"""A job with its progress shown, and the report on it."""

import time
from contextlib import closing

from lookalike.embedded import Stack
from lookalike.image_index.progress import progress
from lookalike.ledger import Ledger
from lookalike_producer.job_request import JobRequest
from lookalike_producer.jobs import run_job
from lookalike_producer.report import Report, report_on


def run(request: JobRequest, stack: Stack, *, began: float, detach: bool = False, is_shown: bool = True) -> Report:
    """The report on the job, which has ended unless detached; its time counts from `began` (`time.monotonic`).

    Raises what `run_job` raises.
    """
    with progress(request.count, is_shown=is_shown) as shown:
        job = run_job(request, stack, detach=detach, on_progress=shown.show, on_note=shown.note)
    seconds = time.monotonic() - began
    if not job.rejected:
        return report_on(job, seconds)
    with closing(Ledger(stack.broker_url)) as ledger:
        return report_on(job, seconds, ledger.rejected(job.id))
