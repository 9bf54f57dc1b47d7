"""The `lookalike` command: loads the module of a subcommand on demand and prints errors as plain lines."""

import atexit
import gc
import os
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from lookalike.errors import LookalikeError

#: Command -> module, in the order of the help. A module is imported when its command runs, which keeps the other
#: commands fast. Each module has a Typer application named `app`.
COMMANDS = {
    "ingest": "lookalike_cli.ingest",
    "search": "lookalike_cli.search",
    "status": "lookalike_cli.status",
    "failed": "lookalike_cli.failed",
    "verify": "lookalike_cli.verify",
    "sync": "lookalike_cli.sync",
    "reembed": "lookalike_cli.reembed",
    "evaluate": "lookalike_cli.evaluate",
    "bench": "lookalike_cli.bench",
    "duplicates": "lookalike_cli.duplicates",
    "demo": "lookalike_cli.demo",
    "up": "lookalike_cli.up",
    "serve": "lookalike_cli.serve",
    "worker": "lookalike_cli.worker",
    "flower": "lookalike_cli.flower",
    "model": "lookalike_cli.model",
    "index": "lookalike_cli.index",
    "doctor": "lookalike_cli.doctor",
}


class LazyGroup(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        command = get_command(import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def lookalike() -> None:
    """Index images in bulk and search them by similarity."""


def main() -> None:
    """Run the command. Exit code 0: success; 1: failure; 2: wrong usage."""
    # Skip the last garbage collection: it takes 0.2 s, and the process ends anyway.
    atexit.register(gc.freeze)
    try:
        app()
    except LookalikeError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if os.environ.get("LOOKALIKE_DEBUG"):
            raise
        print(f"This needs the package {error.name}, which is not installed here.", file=sys.stderr)
        print("Use the worker's image, which has everything, or install lookalike whole.", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if os.environ.get("LOOKALIKE_DEBUG"):
            raise
        print(f"Unexpected error: {type(error).__name__}: {error}", file=sys.stderr)
        print("Set LOOKALIKE_DEBUG=1 to see the traceback, and please report this error.", file=sys.stderr)
        sys.exit(1)
