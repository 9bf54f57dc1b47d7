"""A process that ends with this one, and writes its output to a log file."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lookalike import launch
from lookalike.disk import open_private
from lookalike.embedded import process_guard
from lookalike.embedded.private import keep_private

#: Last lines of a log, searched when its process has ended.
TAIL_LINES = 20
#: The guard reports the end by a signal as this and its number, as a shell does.
SIGNALLED = 128


class GuardedProcess:
    """A command that ends when it is stopped, and at the latest when this process ends, however it ends."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        grace_s: float,
        env: Mapping[str, str],
        inherited: int | None = None,
        passed: int | None = None,
    ) -> None:
        """`inherited` and `passed` are descriptors of locks: the guard keeps the first, the command the second."""
        self.name = name
        self.log = log
        self._grace_s = grace_s
        group, report = os.pipe()
        self._group = open(group, "rb", buffering=0)  # noqa: SIM115
        # -I: neither the working folder nor PYTHONPATH may shadow the imports of the process guard.
        options = ["--report", str(report), *([] if passed is None else ["--pass", str(passed)])]
        guarded = [sys.executable, "-I", process_guard.__file__, *options, str(grace_s), *command]
        try:
            with open_private(log) as output:
                self._process = launch.start(
                    guarded,
                    dict(env),
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=[descriptor for descriptor in (report, inherited, passed) if descriptor is not None],
                )
        finally:
            os.close(report)
        assert self._process.stdin is not None
        self._orders = self._process.stdin
        keep_private(self._orders)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def ended(self) -> str:
        """How the process ended, for an error message."""
        code = self._process.poll()
        how = f"signal {code - SIGNALLED}" if code is not None and code > SIGNALLED else f"exit code {code}"
        return f"the process {self.name!r} ended with {how}"

    def tail(self) -> str:
        """The last lines of the log, in which to look for a known problem."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])

    def stop(self, *, at_once: bool = False) -> None:
        """Stop in order, and by force after the grace time; with `at_once` by force immediately.

        Has no effect when repeated, and none in a forked child.
        """
        if self._orders.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            self._orders.write(process_guard.KILL if at_once else process_guard.STOP)
        self._await_end()
        self._orders.close()
        self._group.close()

    def _await_end(self) -> None:
        # The guard alone reads the other end. A `wait` with a limit would look only every 50 ms.
        guard = select.poll()
        guard.register(self._orders, 0)
        if not guard.poll(1000 * (self._grace_s + 5)):
            self._process.kill()
        self._process.wait()
        if self._process.returncode < 0:
            # The guard was killed and has ended nothing.
            self._kill_group()

    def _kill_group(self) -> None:
        # Empty if the guard was killed before it started the command.
        if leader := self._group.read(32):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(leader), signal.SIGKILL)
