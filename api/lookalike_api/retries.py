"""Retries of the rejected images of a job, each by the command that a person would give."""

import subprocess
import threading
from contextlib import suppress

from lookalike import launch
from lookalike.launch import END_S
from lookalike.settings import Settings


class Retries:
    """At most one process for each job: it sends its images again, in a new job, and waits until that has ended.
    Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._variables = settings.variables()
        self._log = settings.home / "logs" / "retries.log"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._starting = threading.Lock()

    def start(self, job_id: str) -> bool:
        """Whether a retry of the job was started; not if one runs. Raises OSError."""
        with self._starting:
            self._running = {id: process for id, process in self._running.items() if process.poll() is None}
            if job_id in self._running:
                return False
            self._running[job_id] = self._started(job_id)
        return True

    def close(self) -> None:
        """End those that run, as Ctrl-C does: what was not retried stays on the lists of rejected images."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_S)

    def _started(self, job_id: str) -> "subprocess.Popen[bytes]":
        self._log.parent.mkdir(parents=True, exist_ok=True)
        command = launch.command("lookalike_cli", "failed", "retry", job_id)
        with self._log.open("ab") as log:
            return launch.start(command, self._variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
