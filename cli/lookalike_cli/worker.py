"""`lookalike worker`: a worker in the foreground, for a broker that others use as well."""

import os
import sys
from typing import Annotated

import typer

from lookalike.settings import read_settings

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def worker(
    concurrency: Annotated[int | None, typer.Option(min=1, help="Processes.", show_default="one per core")] = None,
    name: Annotated[str, typer.Option(help="The worker's name; %h is the host.")] = "lookalike@%h",
) -> None:
    """Run a worker for the broker in LOOKALIKE_BROKER_URL until it is told to stop."""
    processes = concurrency or read_settings().processes
    command = [sys.executable, "-P", "-m", "lookalike_worker", "--concurrency", str(processes), "--hostname", name]
    os.execv(sys.executable, command)
