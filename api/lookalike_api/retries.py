"""Retries of the rejected images of a job, each by the command that a person would give."""

import logging
import subprocess
import threading
from contextlib import suppress
from typing import BinaryIO

from lookalike import launch
from lookalike.launch import END_S
from lookalike.settings import Settings
from lookalike.shown import shown

logger = logging.getLogger(__name__)

#: Bytes at the end of what a retry has said, in which its last line is.
_TAIL = 4096


class Retries:
    """At most one process for each job: it sends its images again, in a new job, and waits until that has ended.
    Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._is_closed = False
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
        self._is_closed = True
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_S)

    def _started(self, job_id: str) -> "subprocess.Popen[bytes]":
        self._log.parent.mkdir(parents=True, exist_ok=True)
        command = launch.command("lookalike_cli", "failed", "retry", job_id)
        log = self._log.open("a+b")
        try:
            process = launch.start(command, self._variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        except OSError:
            log.close()
            raise
        threading.Thread(target=self._report, args=(job_id, process, log), daemon=True).start()
        return process

    def _report(self, job_id: str, process: "subprocess.Popen[bytes]", log: BinaryIO) -> None:
        """Tell the log of the service, which people read, that a retry has failed, and where it says why."""
        with log:
            code = process.wait()
            if code and not self._is_closed:
                logger.warning(
                    "The retry of the job %s failed (exit code %s): %s %s has more.",
                    job_id,
                    code,
                    _last_line(log),
                    self._log,
                )


def _last_line(log: BinaryIO) -> str:
    """What was said last, which may be of another retry that runs at the same time."""
    log.seek(max(0, log.seek(0, 2) - _TAIL))
    lines = log.read().decode(errors="replace").split("\n")
    return shown(next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing."))
