"""Runs Celery's command `worker` alone.

The whole `celery` command imports a shell, Flower and all other commands, which takes a fifth of a second.
"""

from collections.abc import Sequence

import click
from celery import Celery
from celery.bin.base import CLIContext
from celery.bin.worker import worker


def run_worker(app: Celery, arguments: Sequence[str], *, quiet: bool) -> int:
    """Run a worker until it stops; `arguments` are those of `celery worker`. Returns the exit code."""
    context = CLIContext(app=app, no_color=False, workdir=None, quiet=quiet)
    try:
        return worker.main(args=list(arguments), prog_name="lookalike worker", standalone_mode=False, obj=context) or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
