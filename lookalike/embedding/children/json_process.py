"""Runs the modules of this folder in other processes; each answers with one line of JSON on stdout."""

import json
import subprocess
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from lookalike import launch

#: A killed process ends within this time, unless a driver keeps it.
END_S = 5.0


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
    module: str, *arguments: str, variables: dict[str, str] | None = None, timeout_s: float
) -> tuple["subprocess.Popen[str]", dict[str, Any]]:
    """Start `module`, which goes on running, and return it with its answer. Raises ChildFailed if it gives none in
    time, and is killed then, or if the machine can start nothing more now.

    It leads a session of its own, so that Ctrl-C does not reach it; stderr is ours. `variables` go to its environment.
    """
    try:
        process = launch.start(
            launch.command(module, *arguments),
            variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
    except OSError as error:
        raise ChildFailed(f"it cannot be started: {error.strerror}", None) from error
    try:
        line = _first_line(process, timeout_s)
    except RuntimeError as error:
        # No thread can be started: the machine has too many.
        kill(process)
        raise ChildFailed(f"it cannot be read: {error}", None) from error
    answer = _parsed(line or "")
    if answer is not None:
        return process, answer
    kill(process)
    if line is None:
        raise ChildFailed(f"no answer within {timeout_s:.0f} s", None)
    raise ChildFailed(f"its process ended with {process.returncode}", process.returncode)


def kill(process: "subprocess.Popen[str]") -> None:
    """End what `start` started. It does not wait for one that hangs in a driver, which ends when the driver lets it."""
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=END_S)


def _first_line(process: "subprocess.Popen[str]", timeout_s: float) -> str | None:
    """The first line on stdout, empty if the process ends without one; None after `timeout_s`."""
    lines: SimpleQueue[str] = SimpleQueue()
    assert process.stdout is not None
    threading.Thread(target=lambda out: lines.put(out.readline()), args=(process.stdout,), daemon=True).start()
    try:
        return lines.get(timeout=timeout_s)
    except Empty:
        return None


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
