"""`lookalike flower`: Flower, a page of workers and tasks, over the broker; it can look, and change nothing."""

import os
from typing import Annotated

import typer

from lookalike import logs
from lookalike.broker import broker_location
from lookalike.embedded.redis_server import broker_url
from lookalike.errors import BadSetting
from lookalike.ledger import Ledger
from lookalike.queue import make_app
from lookalike.settings import is_loopback, read_settings
from lookalike_cli.ports import FLOWER_PORT, check_port

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

LOOPBACK = "127.0.0.1"
#: Flower's own variable: user:password, or several with commas between.
LOGINS = "FLOWER_BASIC_AUTH"
#: Tasks in memory, some 2 KB each; a load of a million pictures has 16,000 of them.
MAX_TASKS = 10_000


@app.command()
def flower(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = FLOWER_PORT,
) -> None:
    """Show workers and tasks on a page of Flower, read-only; FLOWER_BASIC_AUTH is who may see it."""
    settings = read_settings()
    require_logins(host)
    check_port(host, port)
    url = broker_location(settings) or broker_url(settings.home)
    Ledger(url).ping()
    # First: what follows takes its loggers as it finds them.
    logs.configure(settings.log_format, secrets=[*settings.secrets, *_passwords()])
    # Flower would run a flowerconfig.py of the folder it is started in, and Tornado set up logging.
    made_so = ("--read-only", f"--conf={os.devnull}", "--logging=none", f"--max-tasks={MAX_TASKS}")
    make_app(url, settings.time_limit_s).start(["flower", f"--address={host}", f"--port={port}", *made_so])


def require_logins(host: str) -> None:
    """Raises BadSetting for a page that strangers could see, and for logins that nobody could use."""
    logins = os.environ.get(LOGINS, "")
    if not logins and not is_loopback(host):
        raise BadSetting(
            f"{host} can be reached from other machines, and Flower has no password.",
            f"Set {LOGINS}=user:password, or listen on {LOOPBACK}.",
        )
    if logins and not all(user and password for user, _, password in _parted(logins)):
        raise BadSetting(f"{LOGINS} cannot be used.", "It is user:password, or several of them with commas between.")


def _parted(logins: str) -> list[tuple[str, str, str]]:
    return [login.partition(":") for login in logins.split(",")]


def _passwords() -> list[str]:
    return [password for _, _, password in _parted(os.environ.get(LOGINS, "")) if password]
