"""A guarded process ends with its owner, however the owner ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.embedded import process_guard
from testing.processes import await_true

#: Starts a child of its own, ignores SIGTERM, and writes both process ids.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}\\n")
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("message", [b"", b"s"])
def test_a_child_that_ignores_sigterm_ends_with_its_own_child_when_the_owner_asks(
    tmp_path: Path, message: bytes
) -> None:
    written = tmp_path / "pids"
    command = [sys.executable, process_guard.__file__, "0.5", sys.executable, "-c", STUBBORN, str(written)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as guard:
        pids = [int(pid) for pid in await_true(lambda: written.exists() and written.read_text()).split()]
        assert guard.stdin is not None
        guard.stdin.write(message)
        guard.stdin.close()
        await_true(lambda: not any(map(is_alive, pids)), 10)


def test_the_guard_exits_with_the_code_of_the_command(tmp_path: Path) -> None:
    command = [sys.executable, process_guard.__file__, "1", sys.executable, "-c", "raise SystemExit(7)"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as guard:
        assert guard.wait(10) == 7


def test_an_orderly_stop_gives_the_child_time_to_end(tmp_path: Path) -> None:
    said = tmp_path / "said"
    code = (
        "import pathlib, signal, sys, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(said)!r}).write_text('bye'), sys.exit(0)))\n"
        f"pathlib.Path({str(tmp_path / 'up')!r}).touch()\n"
        "time.sleep(600)"
    )
    command = [sys.executable, process_guard.__file__, "20", sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as guard:
        await_true((tmp_path / "up").exists)
        assert guard.stdin is not None
        guard.stdin.write(b"s")
        guard.stdin.flush()
        assert guard.wait(15) == 0
    assert said.read_text() == "bye"


def test_ctrl_c_does_not_end_the_guarded_process() -> None:
    command = [sys.executable, process_guard.__file__, "1", sys.executable, "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as guard:
        assert guard.stdout is not None and guard.stdin is not None
        guard.stdout.readline()
        os.kill(guard.pid, signal.SIGINT)
        guard.stdin.close()
        guard.wait(10)
