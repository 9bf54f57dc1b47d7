"""Runs a job for a command: sets up logging, shows progress, prints notes."""

import logging

from lookalike_producer.jobs import JobRequest, run_job

from lookalike import logs
from lookalike.embedded import Stack
from lookalike.ledger import Job
from lookalike_cli.console import remark
from lookalike_cli.progress import progress

LAST_WORDS = "Interrupted. What was indexed stays; run the same command again to continue."


def run_shown(request: JobRequest, stack: Stack, *, detach: bool = False) -> Job:
    """The job, ended unless `detach`. Raises what `run_job` raises."""
    settings = request.settings
    logs.configure(settings.log_format, level=logging.WARNING, secrets=settings.secrets)
    with progress(request.count) as shown:
        return run_job(request, stack, detach=detach, on_progress=shown.show, on_note=remark)
