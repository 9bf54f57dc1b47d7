"""Runs commands as a user who is not root: `python -m tests.bad_places.as_user ID COMMAND...`; prints JSON.

Each command runs once before, as root and in another home, so that all code is loaded that the user may not read.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from testing.processes import ROOT
from tests.cli.inprocess import lookalike


class Told(NamedTuple):
    code: int
    stdout: str
    stderr: str


def as_user(user: int, commands: Sequence[str], environment: Mapping[str, str], *, warm: str) -> dict[str, Told]:
    """Command -> its exit code and what it told; `warm` is the home for the first round."""
    started = [sys.executable, "-m", "tests.bad_places.as_user", str(user), warm, json.dumps(environment), *commands]
    done = subprocess.run(started, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return {command: Told(*told) for command, told in json.loads(done.stdout).items()}


def _main(user: int, warm: str, environment: dict[str, str], commands: Sequence[str]) -> None:
    for command in commands:
        lookalike({**os.environ, "LOOKALIKE_HOME": warm}, *command.split(), code=None)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    told = {}
    for command in commands:
        done = lookalike(environment, *command.split(), code=None)
        told[command] = (done.returncode, done.stdout, done.stderr)
    print(json.dumps(told))


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]), sys.argv[4:])
