"""Runs workers like a supervisor: a worker that ends is started again."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from testing.processes import await_true
from testing.services.process_guard import guarded

#: How often the supervisor looks for ended workers.
POLL_S = 0.1
#: Celery's soft shutdown takes up to a minute; a chunk takes less than a second.
STOP_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 150.0


#: Wraps the command line of the worker with this name, for instance to run it on another host.
Wrap = Callable[[str, list[str]], list[str]]


def unwrapped(name: str, command: list[str]) -> list[str]:
    """The command itself: on this host."""
    return command


class Workers:
    """`count` workers with `concurrency` child processes each. `exits`: (name, exit code) of all that ended."""

    def __init__(
        self, environment: Mapping[str, str], folder: Path, count: int, concurrency: int, wrap: Wrap = unwrapped
    ) -> None:
        self.names = [f"worker{number}" for number in range(1, count + 1)]
        self.exits: list[tuple[str, int]] = []
        self._environment = dict(environment)
        self._folder = folder
        self._concurrency = concurrency
        self._wrap = wrap
        self._abandoned: set[str] = set()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        # One thread starts them all and outlives them: a guarded process ends with the thread that started it.
        self._thread = threading.Thread(target=self._supervise, daemon=True)

    def log(self, name: str) -> str:
        path = self._folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def children(self, name: str) -> list[int]:
        """Process ids of the pool, oldest first; empty while the worker starts."""
        return sorted(_children(self.pid(name)))

    def kill_child(self, name: str, number: int = 0) -> None:
        """Send SIGKILL to one process of the pool."""
        children = await_true(lambda: self.children(name))
        os.kill(children[number % len(children)], signal.SIGKILL)

    def kill(self, name: str) -> None:
        """Send SIGKILL to all processes of the worker, the parent first so that it cannot requeue messages."""
        pid = self.pid(name)
        _kill([pid, *_children(pid)])

    def abandon(self, name: str) -> None:
        """Kill the worker and do not start it again."""
        self._abandoned.add(name)
        self.kill(name)

    def terminate(self, name: str) -> int:
        """Send SIGTERM, as at a deployment; returns the exit code."""
        process = self._processes[name]
        process.send_signal(signal.SIGTERM)
        return process.wait(STOP_TIMEOUT_S)

    def starts(self, name: str) -> int:
        """How often the worker has become ready."""
        return self.log(name).count(" ready.")

    def await_ready(self) -> None:
        await_true(lambda: all(self.starts(name) for name in self.names), READY_TIMEOUT_S)

    def await_restart(self, name: str, starts: int) -> None:
        """Return once the worker has become ready more than `starts` times."""
        await_true(lambda: self.starts(name) > starts, READY_TIMEOUT_S)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.await_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _supervise(self) -> None:
        for name in self.names:
            self._processes[name] = self._launch(name)
        while not self._stopping.wait(POLL_S):
            for name, process in list(self._processes.items()):
                if name in self._abandoned:
                    continue
                if (code := process.poll()) is not None:
                    self.exits.append((name, code))
                    self._processes[name] = self._launch(name)
        for process in self._processes.values():
            _kill([process.pid, *_children(process.pid)])
            process.wait()

    def _launch(self, name: str) -> subprocess.Popen[bytes]:
        options = ["--concurrency", str(self._concurrency), "--hostname", f"{name}@%h"]
        command = guarded(self._wrap(name, [sys.executable, "-P", "-m", "lookalike_worker", *options]))
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, env=self._environment, cwd=self._folder, stdout=log, stderr=log)


def _children(parent: int) -> list[int]:
    """Process ids of the children. Reads every process, because not every kernel lists processes by parent."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(folder.name))
    return found


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
