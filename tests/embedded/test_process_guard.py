"""A guarded process ends with its owner, however the owner ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.embedded import GuardedProcess, process_guard, restarting
from lookalike.embedded.lock import opened
from lookalike.embedded.restarting import RestartedProcess
from lookalike.errors import PermanentError
from testing.processes import await_true

#: Starts a child of its own, ignores SIGTERM, and writes both process ids.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}\\n")
time.sleep(600)
"""
#: Starts a guarded process and forks a child, which tries to stop it.
FORKING = """
import os, pathlib, signal, sys
from lookalike.embedded import GuardedProcess
process = GuardedProcess("x", sys.argv[2:], log=pathlib.Path(sys.argv[1]), grace_s=0.5, env={})
if not os.fork():
    process.stop()
    print(os.getpid(), flush=True)
signal.pause()
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("message", [b"", process_guard.KILL, process_guard.STOP])
def test_a_child_that_ignores_sigterm_ends_with_its_own_child_when_the_owner_asks(
    tmp_path: Path, message: bytes
) -> None:
    written = tmp_path / "pids"
    command = [sys.executable, process_guard.__file__, "0.5", sys.executable, "-c", STUBBORN, str(written)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as guard:
        pids = [int(pid) for pid in await_true(lambda: written.exists() and written.read_text()).split()]
        assert guard.stdin is not None
        guard.stdin.write(message)
        guard.stdin.flush()
        if not message:
            guard.stdin.close()
        await_true(lambda: not any(map(is_alive, pids)))


def test_the_guard_exits_with_the_code_of_the_command(tmp_path: Path) -> None:
    command = [sys.executable, process_guard.__file__, "1", sys.executable, "-c", "raise SystemExit(7)"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as guard:
        assert guard.wait(60) == 7


def test_an_orderly_stop_gives_the_child_time_to_end(tmp_path: Path) -> None:
    said = tmp_path / "said"
    code = (
        "import pathlib, signal, sys, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(said)!r}).write_text('bye'), sys.exit(0)))\n"
        f"pathlib.Path({str(tmp_path / 'up')!r}).touch()\n"
        "time.sleep(600)"
    )
    command = [sys.executable, process_guard.__file__, "60", sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as guard:
        await_true((tmp_path / "up").exists)
        assert guard.stdin is not None
        guard.stdin.write(process_guard.STOP)
        guard.stdin.flush()
        assert guard.wait(50) == 0
    assert said.read_text() == "bye"


def test_ctrl_c_does_not_end_the_guarded_process() -> None:
    command = [sys.executable, process_guard.__file__, "1", sys.executable, "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as guard:
        assert guard.stdout is not None and guard.stdin is not None
        guard.stdout.readline()
        os.kill(guard.pid, signal.SIGINT)
        guard.stdin.close()
        guard.wait(60)


def stubborn(tmp_path: Path, *, grace_s: float) -> tuple[GuardedProcess, list[int]]:
    """A guarded process that ignores SIGTERM, and the ids of the command and of its child."""
    written = tmp_path / "pids"
    command = [sys.executable, "-c", STUBBORN, str(written)]
    process = GuardedProcess("stubborn", command, log=tmp_path / "log", grace_s=grace_s, env={})
    return process, [int(pid) for pid in await_true(lambda: written.exists() and written.read_text()).split()]


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_command_ends_with_its_children_after_its_guard_was_killed(tmp_path: Path) -> None:
    process, pids = stubborn(tmp_path, grace_s=5)
    os.kill(parent_of(pids[0]), signal.SIGKILL)
    await_true(lambda: not process.is_running)
    process.stop()
    await_true(lambda: not any(map(is_alive, pids)))


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_command_ends_after_its_guard_was_killed_although_nobody_looks(tmp_path: Path) -> None:
    process, pids = stubborn(tmp_path, grace_s=5)
    os.kill(parent_of(pids[0]), signal.SIGKILL)
    await_true(lambda: not is_alive(pids[0]))
    process.stop()


def test_a_command_keeps_the_lock_that_was_passed_to_it(tmp_path: Path) -> None:
    with opened(tmp_path / "lock") as lock:
        assert lock.try_exclusive()
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        process = GuardedProcess("x", command, log=tmp_path / "log", grace_s=1, env={}, passed=lock.descriptor)
    with opened(tmp_path / "lock") as lock:
        assert not lock.try_exclusive()
        process.stop(at_once=True)
        await_true(lock.try_exclusive)


def test_a_command_ends_with_its_children_if_its_guard_does_not_react(tmp_path: Path) -> None:
    process, pids = stubborn(tmp_path, grace_s=-4.5)
    os.kill(parent_of(pids[0]), signal.SIGSTOP)
    process.stop()
    await_true(lambda: not any(map(is_alive, pids)))


def test_a_forked_child_neither_stops_a_guarded_process_nor_keeps_it(tmp_path: Path) -> None:
    written = tmp_path / "pids"
    program = [sys.executable, "-c", FORKING, str(tmp_path / "log"), sys.executable, "-c", STUBBORN, str(written)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        try:
            pids = [int(pid) for pid in await_true(lambda: written.exists() and written.read_text()).split()]
            assert all(map(is_alive, pids))
            owner.kill()
            await_true(lambda: not any(map(is_alive, pids)))
            assert is_alive(child)
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_process_is_not_restarted_after_it_was_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    started: list[GuardedProcess] = []

    def start() -> GuardedProcess:
        started.append(GuardedProcess("sleeper", command, log=tmp_path / "log", grace_s=1, env={}))
        return started[-1]

    process = RestartedProcess(start)
    started[-1].stop(at_once=True)
    process.check()
    assert len(started) == 2 and started[-1].is_running
    process.stop(at_once=True)
    process.check()
    assert len(started) == 2 and not started[-1].is_running


def test_a_process_that_keeps_ending_is_named_without_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarting, "MAX_RESTARTS", 3)

    def start() -> GuardedProcess:
        command = [sys.executable, "-c", "print('line of the log'); raise SystemExit(7)"]
        return GuardedProcess("broken", command, log=tmp_path / "log", grace_s=1, env={})

    process = RestartedProcess(start)
    for _ in range(3):
        await_true(process.check)
    await_true(lambda: not process.is_running)
    with pytest.raises(PermanentError, match=r"'broken' ended with exit code 7 once more\.\nSee ") as raised:
        process.check()
    assert "line of the log" not in str(raised.value)
