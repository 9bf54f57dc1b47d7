"""Runs a job for a command, with its progress and with quiet logs."""

import logging
import time

from lookalike import logs
from lookalike.embedded import Stack
from lookalike.settings import Settings
from lookalike_producer.job_request import JobRequest
from lookalike_producer.report import Report

LAST_WORDS = "Interrupted. Indexed images stay; run the same command again to continue."


def quiet_logs(settings: Settings) -> None:
    """Log only warnings and errors: the user wants progress and results."""
    logs.configure(settings.log_format, level=logging.WARNING, secrets=settings.secrets)


def run_shown(request: JobRequest, stack: Stack, *, began: float | None = None, detach: bool = False) -> Report:
    """Run the job and return its report; with `detach`, the job goes on. Raises what `run_job` raises."""
    from lookalike.image_index.running import run

    quiet_logs(request.settings)
    return run(request, stack, began=time.monotonic() if began is None else began, detach=detach)
