"""Runs a job for a command: keeps the logs of libraries quiet, shows progress, and reports."""

import logging
import time

from lookalike_producer.jobs import JobRequest
from lookalike_producer.report import Report

from lookalike import logs
from lookalike.embedded import Stack
from lookalike.image_index.running import run
from lookalike.settings import Settings

LAST_WORDS = "Interrupted. What was indexed stays; run the same command again to continue."


def quiet_logs(settings: Settings) -> None:
    """Warnings and errors only: progress and results are what the user asked for."""
    logs.configure(settings.log_format, level=logging.WARNING, secrets=settings.secrets)


def run_shown(request: JobRequest, stack: Stack, *, began: float | None = None, detach: bool = False) -> Report:
    """The report on the job, ended unless `detach`. Raises what `run_job` raises."""
    quiet_logs(request.settings)
    return run(request, stack, began=time.monotonic() if began is None else began, detach=detach)
