"""Worker process trees as a supervisor runs them: started again when they end; knows processes and no fault."""

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

#: How often the supervisor looks.
POLL_S = 0.1
#: Celery's soft shutdown may take a minute; a chunk of ours is done in less than a second.
STOP_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 90.0


#: The command line that runs another one for a worker of this name, for instance on another host.
Wrap = Callable[[str, list[str]], list[str]]


def unwrapped(name: str, command: list[str]) -> list[str]:
    """As it is: on this host."""
    return command


class Workers:
    """`count` workers by name, each a process tree with `concurrency` children. `exits` are all that ended, and how."""

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
        # One thread starts them all and outlives them: a leash is held by a thread, not by a process.
        self._thread = threading.Thread(target=self._supervise, daemon=True)

    def log(self, name: str) -> str:
        path = self._folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def children(self, name: str) -> list[int]:
        """The pool's processes, oldest first; none while the worker starts."""
        return sorted(_children(self.pid(name)))

    def kill_child(self, name: str, number: int = 0) -> None:
        """SIGKILL to one process of the pool."""
        children = await_true(lambda: self.children(name))
        os.kill(children[number % len(children)], signal.SIGKILL)

    def kill(self, name: str) -> None:
        """SIGKILL to the whole tree, the parent first so that it cannot put anything back."""
        pid = self.pid(name)
        _kill([pid, *_children(pid)])

    def abandon(self, name: str) -> None:
        """SIGKILL to the whole tree, and nobody starts it again."""
        self._abandoned.add(name)
        self.kill(name)

    def terminate(self, name: str) -> int:
        """SIGTERM, as at a deployment; the exit code."""
        process = self._processes[name]
        process.send_signal(signal.SIGTERM)
        return process.wait(STOP_TIMEOUT_S)

    def starts(self, name: str) -> int:
        """How often it has become ready."""
        return self.log(name).count(" ready.")

    def await_ready(self) -> None:
        await_true(lambda: all(self.starts(name) for name in self.names), READY_TIMEOUT_S)

    def await_restart(self, name: str, starts: int) -> None:
        """Return once it has become ready again after `starts` times."""
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
    """Process ids of a process's children. Read from every process, for not every kernel lists them by parent."""
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
