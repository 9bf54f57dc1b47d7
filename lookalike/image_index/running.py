"""A job with its progress shown, and the report on it."""

import time

from lookalike.embedded import Stack
from lookalike.image_index.progress import progress
from lookalike_producer.jobs import JobRequest, run_job
from lookalike_producer.report import Report, report_on


def run(request: JobRequest, stack: Stack, *, began: float, detach: bool = False, is_shown: bool = True) -> Report:
    """The report on the job, which has ended unless detached; its time counts from `began` (`time.monotonic`).

    Raises what `run_job` raises.
    """
    with progress(request.count, is_shown=is_shown) as shown:
        job = run_job(request, stack, detach=detach, on_progress=shown.show, on_note=shown.note)
    return report_on(job, time.monotonic() - began)
