"""`lookalike worker`: runs a worker in the foreground."""

from typing import Annotated

import typer

from lookalike import launch
from lookalike.settings import read_settings
from lookalike_cli.application import Application

app = Application()


@app.command()
def worker(
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Processes to run.", show_default="one per core")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the worker; no two workers may have the same. %h stands for the host.",
            show_default="lookalike-PID@%h",
        ),
    ] = None,
) -> None:
    """Run a worker for the broker at LOOKALIKE_BROKER_URL."""
    processes = concurrency or read_settings().concurrency
    # Without a number, the worker takes what is fastest.
    chosen = ["--concurrency", str(processes)] if processes else []
    named = ["--hostname", name] if name else []
    launch.replace(launch.command("lookalike_worker", *chosen, *named))
