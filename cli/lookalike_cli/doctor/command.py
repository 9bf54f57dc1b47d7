"""The `doctor` command: its checks in order, and its exit code."""

from dataclasses import asdict
from typing import Annotated

import typer

from lookalike.exit_codes import ExitCode
from lookalike.settings import read_settings
from lookalike_cli.application import Application
from lookalike_cli.console import print_json, results
from lookalike_cli.doctor import broker, home, index, installation, model, places, service
from lookalike_cli.doctor.finding import Check, examine, is_fine
from lookalike_cli.doctor.screen import screen
from lookalike_cli.options import Json

app = Application()

CHECKS: tuple[Check, ...] = (
    installation.installation,
    installation.embedding,
    installation.variables,
    home.home,
    home.roots,
    places.stores,
    broker.broker,
    broker.queue,
    broker.workers,
    places.places,
    model.model,
    index.index,
    index.documents,
    service.ports,
    service.service,
)


@app.command()
def doctor(
    worker: Annotated[
        bool, typer.Option("--worker", help="Only check whether a worker on this machine takes work.")
    ] = False,
    json: Json = False,
) -> None:
    """Check the installation, broker, workers, stores, hosts, index and model; exit with code 3 on a problem."""
    findings = examine(read_settings(), [broker.worker] if worker else CHECKS)
    if json:
        print_json({"fine": is_fine(findings), "findings": [asdict(finding) for finding in findings]})
    else:
        results.print(screen(findings))
    if not is_fine(findings):
        raise typer.Exit(ExitCode.DIFFERENT)
