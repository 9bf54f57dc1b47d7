"""A process that ends with this one, and writes its output to a log file."""

import contextlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lookalike import launch
from lookalike.embedded import process_guard

#: Last lines of a log, shown when its process has ended.
TAIL_LINES = 3


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
    ) -> None:
        """`inherited` is a file descriptor that the command inherits, such as that of a lock."""
        self.name = name
        self.log = log
        self._grace_s = grace_s
        log.parent.mkdir(parents=True, exist_ok=True)
        # -I: neither the working folder nor PYTHONPATH may shadow the imports of the process guard.
        guarded = [sys.executable, "-I", process_guard.__file__, str(grace_s), *command]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                guarded,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=() if inherited is None else (inherited,),
                env=launch.environment(**env),
            )

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def tail(self) -> str:
        """The last lines of the log, for an error message."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(line.strip() for line in lines[-TAIL_LINES:])

    def stop(self, *, at_once: bool = False) -> None:
        """Stop in order, and by force after the grace time; with `at_once` by force immediately."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            if not at_once:
                self._process.stdin.write(b"s")
                self._process.stdin.flush()
            else:
                self._process.stdin.close()
        self._await_end()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _await_end(self) -> None:
        try:
            self._process.wait(self._grace_s + 5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
