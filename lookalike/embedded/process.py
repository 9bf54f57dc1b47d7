"""A process on a leash, with its output in a log file."""

import contextlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lookalike import launch
from lookalike.embedded import process_guard

#: Lines of a log worth showing when its process died.
TAIL_LINES = 3


class GuardedProcess:
    """A command that ends when we stop it, and at the latest when we ourselves end."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        grace_s: float,
        env: Mapping[str, str],
        hold: int | None = None,
    ) -> None:
        """`hold` is a file descriptor, if any, that stays open for as long as the command may run."""
        self.name = name
        self.log = log
        self._grace_s = grace_s
        log.parent.mkdir(parents=True, exist_ok=True)
        # -I: neither the user's folder nor PYTHONPATH may shadow what the leash imports.
        guarded = [sys.executable, "-I", process_guard.__file__, str(grace_s), *command]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                guarded,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=() if hold is None else (hold,),
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
        """Stop in order, by force after the grace time; or by force at once."""
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
