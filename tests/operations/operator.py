"""Somebody who types the page's commands into one shell, on services of their own; knows nothing of what they mean."""

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
#: Not worth a password: it dies with the shell. Flower wants one all the same.
FLOWER_USER = "operator:transcript"
#: What was started in the background ends with the shell, however that ends.
#: What goes on while the next command is typed.
BACKGROUND = re.compile(r" &( \w+=\$!)?$")
PROLOGUE = "set -uo pipefail\ntrap 'code=$?; trap : TERM; kill 0; wait; exit $code' EXIT\n"


@dataclass(frozen=True)
class Said:
    """What the shell wrote, commands included, and whether every command succeeded."""

    code: int
    text: str


def environment(home: Path, broker_url: str, index_url: str, images: Path, query: Path) -> dict[str, str]:
    """That of the page: its programs, its services, its images."""
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
        "COLUMNS": "120",
    }
    return {**os.environ, **ours}


def typed(commands: Sequence[str], environment: dict[str, str], folder: Path) -> Said:
    """All in one shell, which stops at the first that fails."""
    script = PROLOGUE + "".join(map(_step, commands)) + "exit 0\n"
    with (folder / "said").open("w+") as said:
        # A file, so that no command line of ours holds what the commands name.
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
    """The command as it is typed, and then done; a comment is only shown."""
    shown = f"printf '%s\\n' {shlex.quote('$ ' + command)}\n"
    if command.startswith("#") or BACKGROUND.search(command):
        return f"{shown}{command}\n"
    return f'{shown}{command} || {{ echo "It ended with code $?."; exit 1; }}\n'
