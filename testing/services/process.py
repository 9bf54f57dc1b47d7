"""One server process: guarded, watched until it is ready, stopped or killed."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from testing.services.process_guard import guarded

#: Long enough for a JVM to close its indexes on a busy machine.
STOP_TIMEOUT_S = 30.0
#: How often a starting server is asked whether it is ready.
POLL_S = 0.1
#: How much of a failed server's output goes into the error.
LAST_LINES = 25


class StartFailed(Exception):
    """A server ended, or was not ready in time; `str()` holds its last lines."""


class ServerProcess:
    """A server that ends with this process. Its output goes to `output` in `folder`, its working directory."""

    def __init__(self, command: list[str], folder: Path, uid: int | None = None) -> None:
        self.output = folder / "output"
        with self.output.open("ab") as output:
            # The pipe is for containers, which no signal reaches: it closes when this process ends.
            self._process = subprocess.Popen(
                guarded(command, uid),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def await_ready(self, is_ready: Callable[[], bool], timeout_s: float) -> None:
        """Return once `is_ready` returns True. Raises StartFailed if the server ends before, or after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if not self.is_running:
                raise StartFailed(f"it ended with code {self._process.returncode}:\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"it was not ready within {timeout_s:.0f} s:\n{self.last_lines()}")
            time.sleep(POLL_S)

    def last_lines(self) -> str:
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-LAST_LINES:])

    def wait(self) -> int:
        """Wait for the end; returns the exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """Send SIGTERM, then SIGKILL to a server that does not end."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reap()

    def kill(self) -> None:
        """Send SIGKILL: nothing is flushed."""
        self._process.kill()
        self._reap()

    def _reap(self) -> None:
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()


def run_folder(service: str) -> Path:
    """A new private folder for the data of one server. Also removes the folders of runs that were killed."""
    prefix = f"lookalike-test-{service}-"
    for left_behind in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        if not _is_alive(left_behind.name.removeprefix(prefix).partition("-")[0]):
            shutil.rmtree(left_behind, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))


def _is_alive(pid: str) -> bool:
    with contextlib.suppress(PermissionError):
        try:
            os.kill(int(pid), 0)
        except (ProcessLookupError, ValueError):
            return False
    return True
