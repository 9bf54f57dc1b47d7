"""Runs the program as its users do: processes, their environment, their output, and what they leave behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOOKALIKE = [sys.executable, "-m", "lookalike_cli"]
#: Guards against commands and conditions that hang; far longer than anything takes on a busy machine.
TIMEOUT_S = 240.0
PATIENCE_S = 150.0

Done = subprocess.CompletedProcess[str]


def make_home(folder: Path, model_home: Path) -> Path:
    """A new LOOKALIKE_HOME that shares the built models, and their text sides if there are any."""
    home = folder / "home"
    home.mkdir()
    for shared in ("models", "texts"):
        if (model_home / shared).is_dir():
            (home / shared).symlink_to(model_home / shared)
    return home


def lookalike(environment: Mapping[str, str], *arguments: object, code: int = 0) -> Done:
    """Run a command to its end and check its exit code. It must never print a traceback."""
    command = [*LOOKALIKE, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=ROOT)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == code, f"exit code {done.returncode}: {done.stderr}"
    return done


def answer(done: Done) -> dict[str, Any]:
    """The JSON object on stdout, which holds nothing else."""
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


@contextmanager
def started(environment: Mapping[str, str], *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A command in the background; killed at the end of the block if it still runs."""
    command = [*LOOKALIKE, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, env=environment, text=True, cwd=ROOT, **pipes)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
    """Send a signal, wait for the end, and return the output."""
    process.send_signal(number)
    return process.communicate(timeout=TIMEOUT_S)


def processes(home: Path) -> dict[int, str]:
    """Process id -> command line of every process that was started for `home`."""
    wanted = f"LOOKALIKE_HOME={home}".encode()
    return {pid: line for pid, environment, line in _all_processes() if wanted in environment and pid != os.getpid()}


def _all_processes() -> Iterator[tuple[int, list[bytes], str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            line = os.fsdecode((folder / "cmdline").read_bytes().replace(b"\0", b" "))
        except OSError:
            continue
        if line:
            yield int(folder.name), environment, line


def worker_processes(home: Path) -> tuple[int, list[int]]:
    """The main process of the worker, and its children."""
    workers = [
        pid for pid, line in processes(home).items() if "-m lookalike_worker" in line and "process_guard" not in line
    ]
    parents = {pid: parent for pid in workers if (parent := _parent(pid))}
    main = next(pid for pid, parent in parents.items() if parent not in parents)
    return main, [pid for pid in parents if pid != main]


def _parent(pid: int) -> int:
    """0 if the process has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def await_true(condition: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
    """Wait until `condition` returns something true, and return that. Raises AssertionError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (held := condition()):
        assert time.monotonic() < deadline, f"the condition did not hold within {timeout_s:.0f} s"
        time.sleep(0.05)
    return held
