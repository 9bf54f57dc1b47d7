"""Types the commands of the page into one shell, as an operator does, with its own services."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from testing.services.ports import free_port

TIMEOUT_S = 280.0
#: Flower requires a password, although this one ends with the shell.
FLOWER_USER = "operator:transcript"
#: A command that runs in the background.
BACKGROUND = re.compile(r" &( \w+=\$!)?$")
#: Programs in the background end with the shell, however it ends.
PROLOGUE = """\
set -uo pipefail
trap 'code=$?; trap : TERM; kill 0; wait; exit $code' EXIT
# The shell ends with the process that started it, should that be killed.
( while kill -0 $PPID 2>/dev/null; do sleep 1; done; kill -TERM $$ ) &
"""


@dataclass(frozen=True)
class Said:
    """The output of the shell, commands included, and its exit code: 0 if every command succeeded."""

    code: int
    text: str


def environment(
    home: Path, broker_url: str, index_url: str, images: Path, query: Path, redis_data: Path
) -> dict[str, str]:
    """The environment variables that the page uses: programs, services, images, places of a backup beside the home."""
    ours = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "LOOKALIKE_HOME": str(home),
        "LOOKALIKE_BROKER_URL": broker_url,
        "LOOKALIKE_INDEX_URL": index_url,
        "API_PORT": str(free_port()),
        "FLOWER_PORT": str(free_port()),
        "FLOWER_USER": FLOWER_USER,
        "PICTURES": str(images),
        "QUERY": str(query),
        "BACKUP": str(home.parent / "backup"),
        "REDIS_DATA": str(redis_data),
        "RESTORED": str(home.parent / "restored"),
        "NEW_REDIS_DATA": str(home.parent / "new-redis"),
        "COLUMNS": "120",
    }
    return {**os.environ, **ours}


def typed(commands: Sequence[str], environment: dict[str, str], folder: Path) -> Said:
    """Run all commands in one shell, which stops at the first that fails."""
    script = PROLOGUE + "".join(map(_step, commands)) + "exit 0\n"
    with (folder / "said").open("w+") as said:
        # A file: a command line with the words of the commands could be taken for one of their processes.
        (folder / "script").write_text(script)
        done = subprocess.run(
            ["bash", str(folder / "script")],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            start_new_session=True,
        )
        said.seek(0)
        return Said(done.returncode, said.read())


def _step(command: str) -> str:
    """Show the command, then run it; a comment is only shown."""
    shown = f"printf '%s\\n' {shlex.quote('$ ' + command)}\n"
    if command.startswith("#") or BACKGROUND.search(command):
        return f"{shown}{command}\n"
    return f'{shown}{command} || {{ echo "It ended with code $?."; exit 1; }}\n'
