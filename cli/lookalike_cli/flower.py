"""`lookalike flower`: runs Flower, a read-only web page of workers and tasks."""

import os
from importlib import import_module
from typing import Annotated

import typer

from lookalike import logs
from lookalike.addresses import is_loopback
from lookalike.broker import broker_location
from lookalike.embedded.redis_server import broker_url
from lookalike.errors import BadSetting
from lookalike.extras import requiring
from lookalike.ledger import Ledger
from lookalike.queue import make_app
from lookalike.settings import read_settings
from lookalike_cli.application import Application
from lookalike_cli.ports import FLOWER_PORT, check_port

app = Application()

LOOPBACK = "127.0.0.1"
#: Flower's own variable: user:password, several separated by commas.
LOGINS = "FLOWER_BASIC_AUTH"
#: Tasks kept in memory, about 2 KB each; a load of a million images has 16,000.
MAX_TASKS = 10_000
#: How long a worker that has ended stays on the page: the one that a supervisor starts in its place has another name.
ENDED_SHOWN_S = 600


@app.command()
def flower(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = FLOWER_PORT,
) -> None:
    """Run Flower, a read-only page of workers and tasks; set FLOWER_BASIC_AUTH to require a password."""
    with requiring("lookalike flower", "flower"):
        import_module("flower")
    settings = read_settings()
    require_logins(host)
    check_port(host, port)
    url = broker_location(settings) or broker_url(settings.home)
    Ledger(url).ping()
    # Before the app is made, which keeps the loggers as it finds them.
    logs.configure(settings.log_format, secrets=[*settings.secrets, *_passwords()])
    # Otherwise Flower runs a flowerconfig.py in the working directory, and Tornado sets up logging.
    options = ["--read-only", f"--conf={os.devnull}", "--logging=none", f"--max-tasks={MAX_TASKS}"]
    options += [f"--purge-offline-workers={ENDED_SHOWN_S}", f"--address={host}", f"--port={port}"]
    make_app(url, settings.time_limit_s).start(["flower", *options])


def require_logins(host: str) -> None:
    """Raise BadSetting for a public page without a password, and for malformed logins."""
    logins = os.environ.get(LOGINS, "")
    if not logins and not is_loopback(host):
        raise BadSetting(
            f"{host} is reachable from other machines, but Flower has no password.",
            f"Set {LOGINS}=user:password, or listen on {LOOPBACK}.",
        )
    if logins and not all(user and password for user, _, password in _parted(logins)):
        raise BadSetting(f"{LOGINS} is malformed.", "Use user:password, or several of them separated by commas.")


def _parted(logins: str) -> list[tuple[str, str, str]]:
    return [login.partition(":") for login in logins.split(",")]


def _passwords() -> list[str]:
    return [password for _, _, password in _parted(os.environ.get(LOGINS, "")) if password]
