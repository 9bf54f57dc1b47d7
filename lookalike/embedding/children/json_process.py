"""Runs the modules of this folder in other processes; each answers with one line of JSON on stdout."""

import json
import subprocess
from typing import Any

from lookalike import launch


class ChildFailed(Exception):
    """A child gave no answer. `why`: the last line of its stderr. `returncode`: negative for a signal, None if the
    child did not end in time."""

    def __init__(self, why: str, returncode: int | None) -> None:
        super().__init__(why)
        self.why = why
        self.returncode = returncode


def run(module: str, *arguments: str, stdin: str = "", timeout_s: float | None = None) -> dict[str, Any]:
    """Run `module` to its end and return its answer. Raises ChildFailed, OSError."""
    command = launch.command(module, *arguments)
    try:
        done = launch.run(command, stdin=stdin, timeout_s=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise ChildFailed(f"no answer within {timeout_s:.0f} s", None) from error
    # Libraries may print before the answer.
    *_, last = done.stdout.splitlines() or [""]
    answer = _parsed(last)
    if answer is None:
        *_, why = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ChildFailed(why, done.returncode)
    return answer


def start(
    module: str, *arguments: str, variables: dict[str, str] | None = None
) -> tuple["subprocess.Popen[str]", dict[str, Any] | None]:
    """Start `module`, which goes on running, and return it with its answer; None if it ended without one.

    It leads a session of its own, so that Ctrl-C does not reach it; stderr is ours. `variables` go to its environment.
    """
    process = launch.start(
        launch.command(module, *arguments),
        variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    assert process.stdout is not None
    answer = _parsed(process.stdout.readline())
    if answer is None:
        process.wait()
    return process, answer


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
