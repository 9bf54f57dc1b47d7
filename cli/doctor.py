"""`lookalike doctor`: looks at everything the work needs and says what to do about what is wrong."""

import os
import platform
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Annotated

import typer
from rich.table import Table

from cli.console import print_json, printable, results
from cli.options import Json
from cli.remote import open_client
from cli.stack.redis_server import broker_url, find_redis_server
from lookalike import configured
from lookalike.broker import broker_location
from lookalike.embedding.cache import find
from lookalike.embedding.device import examine
from lookalike.errors import IndexMissing, LookalikeError, ModelMismatch
from lookalike.ledger import Ledger
from lookalike.machine import usable_cores, visible_gpus
from lookalike.queue import make_app
from lookalike.settings import Settings, plain_address, read_settings
from lookalike.workers import consuming_workers
from worker.model_processes import ADVICE

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

#: Models, the index and logs of a small collection fit in this.
ENOUGH_DISK_BYTES = 2**30


@dataclass(frozen=True)
class Finding:
    """What one check found; `is_fine` is None where there is nothing to judge."""

    what: str
    is_fine: bool | None
    detail: str
    advice: str = ""


@app.command()
def doctor(
    worker: Annotated[bool, typer.Option("--worker", help="Only whether a worker on this host consumes.")] = False,
    json: Json = False,
) -> None:
    """Check the installation, broker, workers, index and model; exit code 1 if something is wrong."""
    settings = read_settings()
    everything = [_installation, _embedding, _home, _broker, _workers, _model, _index, _service]
    checks = [_own_worker] if worker else everything
    findings = [finding for check in checks for finding in _checked(check, settings)]
    if json:
        print_json({"fine": _is_fine(findings), "findings": [asdict(finding) for finding in findings]})
    else:
        results.print(_screen(findings))
    if not _is_fine(findings):
        raise typer.Exit(1)


def _checked(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except LookalikeError as error:
        what, _, advice = str(error).partition("\n")
        yield Finding(check.__name__.removeprefix("_"), False, what, advice)


def _installation(settings: Settings) -> Iterator[Finding]:
    names = ("lookalike", "celery", "kombu", "redis", "opensearch-py", "lancedb", "openvino", "keras")
    yield Finding("python", None, f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Finding("packages", None, ", ".join(f"{name} {version(name)}" for name in names))
    yield Finding("cores", None, f"{usable_cores()} usable, {settings.processes} processes per worker")


def _embedding(settings: Settings) -> Iterator[Finding]:
    gpus = visible_gpus()
    device = examine(with_gpu=bool(gpus))
    if gpus and settings.runtime != "openvino":
        detail = f"{len(gpus)} in one process each, fed by {settings.processes}"
        what = f"{len(gpus)} here, unused: {device.unusable_gpu}" if device.unusable_gpu else detail
        yield Finding("gpu", device.unusable_gpu is None, what, ADVICE)
    precision = device.precision if settings.precision == "auto" else settings.precision
    why = "" if precision == "bf16" or device.precision == "bf16" else " (this CPU has no bf16)"
    each = f"1 thread each, {device.batch_size} picture a call, {precision}{why}"
    yield Finding("embedding", None, f"CPU: {settings.processes} processes of {each}")


def _home(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=home):
            free_bytes = shutil.disk_usage(home).free
    except OSError as error:
        yield Finding("home", False, f"{home} cannot be written: {error.strerror}", "Set LOOKALIKE_HOME.")
        return
    detail = f"{home}, {free_bytes / 2**30:.1f} GiB free"
    yield Finding("home", free_bytes >= ENOUGH_DISK_BYTES, detail, "Free some room, or set LOOKALIKE_HOME.")


def _broker(settings: Settings) -> Iterator[Finding]:
    url = broker_location(settings)
    if url is None:
        server, number = find_redis_server()
        yield Finding("broker", True, f"embedded: Redis {number} ({server}), started when needed")
        return
    Ledger(url).ping()
    yield Finding("broker", True, f"{plain_address(url)} answers")


def _workers(settings: Settings) -> Iterator[Finding]:
    url = _running_broker(settings)
    if url is None:
        yield Finding("workers", None, "none runs; `lookalike ingest` starts what it needs, `lookalike up` keeps it")
        return
    names = consuming_workers(make_app(url))
    yield Finding("workers", bool(names), ", ".join(names) or "none consumes", "Start one: lookalike worker")


def _own_worker(settings: Settings) -> Iterator[Finding]:
    url = _running_broker(settings)
    names = consuming_workers(make_app(url)) if url else []
    ours = [name for name in names if name.partition("@")[2] == socket.gethostname()]
    yield Finding("worker", bool(ours), ", ".join(ours) or "none on this host consumes", "Restart it.")


def _model(settings: Settings) -> Iterator[Finding]:
    spec = configured.model_spec(settings)
    built = "built" if find(spec, settings.home) else "built with its first use"
    yield Finding("model", True, f"{spec.name} ({spec.fingerprint}), {built}")


def _index(settings: Settings) -> Iterator[Finding]:
    spec = configured.model_spec(settings)
    index = configured.open_index(settings)
    try:
        held = index.model()
    except IndexMissing:
        yield Finding("index", True, f"{settings.index} at {settings.index_address}, created with the first ingest")
        return
    if held.fingerprint != spec.fingerprint:
        raise ModelMismatch(index.name, str(held), f"{spec.name} ({spec.fingerprint})")
    yield Finding("index", True, f"{index.name} at {settings.index_address}: {index.count():,} documents of {held}")
    if index.is_loading() and not _is_busy(settings, index.name):
        advice = f"lookalike index restore {index.name}"
        yield Finding("load", False, f"{index.name} is in bulk-load mode, and no job writes to it", advice)


def _service(settings: Settings) -> Iterator[Finding]:
    if settings.api_url is not None:
        with open_client(settings) as client:
            ready = client.ready()
        detail = f"{client.address} is ready: {ready.index.documents:,} documents in {ready.index.name}, {ready.model}"
        yield Finding("service", True, detail)


def _is_busy(settings: Settings, name: str) -> bool:
    url = _running_broker(settings)
    return url is not None and any(job.index == name for job in Ledger(url).active_jobs())


def _running_broker(settings: Settings) -> str | None:
    if (configured_url := broker_location(settings)) is not None:
        return configured_url
    url = broker_url(settings.home)
    try:
        Ledger(url).ping()
    except LookalikeError:
        return None
    return url


def _is_fine(findings: list[Finding]) -> bool:
    return not any(finding.is_fine is False for finding in findings)


def _screen(findings: list[Finding]) -> Table:
    marks = {True: "[green]fine[/green]", False: "[red]wrong[/red]", None: ""}
    screen = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        advice = f"{os.linesep}{finding.advice}" if finding.is_fine is False and finding.advice else ""
        screen.add_row(finding.what, marks[finding.is_fine], printable(finding.detail + advice).replace("[", "\\["))
    return screen
