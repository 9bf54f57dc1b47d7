"""Runs a server program, and measures its start time, CPU time and memory."""

import http.client
import os
import subprocess
import time
from types import TracebackType
from typing import Self

READY_TIMEOUT_S = 120.0
POLL_S = 0.05
STOP_TIMEOUT_S = 20.0


class Program:
    """A command that listens on `port` and returns 200 for `ready_path` when it is ready."""

    def __init__(self, command: list[str], port: int, ready_path: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.start_seconds = 0.0
        self._command = command
        self._port = port
        self._ready_path = ready_path
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        began = time.perf_counter()
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdin=quiet, stdout=quiet, stderr=quiet)
        try:
            self._await_ready(began + READY_TIMEOUT_S)
        except TimeoutError:
            self._process.kill()
            raise
        self.start_seconds = time.perf_counter() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def resident_mib(self) -> float:
        """Resident memory of the process, which has no children."""
        with open(f"/proc/{self._pid}/status") as status:
            kib = next(line.split()[1] for line in status if line.startswith("VmRSS"))
        return int(kib) / 1024

    @property
    def cpu_seconds(self) -> float:
        """User and system time until now."""
        with open(f"/proc/{self._pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def _pid(self) -> int:
        assert self._process
        return self._process.pid

    def _await_ready(self, deadline: float) -> None:
        while not self._is_ready():
            assert self._process
            if self._process.poll() is not None or time.perf_counter() > deadline:
                raise TimeoutError(f"{' '.join(self._command)} did not become ready")
            time.sleep(POLL_S)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=READY_TIMEOUT_S)
        try:
            connection.request("GET", self._ready_path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
