"""Runs a command and ends it when the owner asks for it or dies, even if the owner is killed.

Run as a script: `python process_guard.py [--report FD] [--pass FD] GRACE_S COMMAND...`. The owner holds the other end
of standard input. STOP there asks for an orderly end (SIGTERM, then SIGKILL after GRACE_S), KILL for an end at once.
End of file means that the owner has died, so the command is killed at once. A pipe works on every Unix.

The guard writes the process group of the command to the first FD, so that the owner can kill it if the guard was
killed; on Linux the kernel kills the command then. The command inherits the second FD, such as that of a lock.
"""

import argparse
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading

STOP = b"s"
KILL = b"k"
#: The number in Linux's prctl.h of the request that the kernel signals this process when its parent ends.
_PR_SET_PDEATHSIG = 1


def main(grace_s: float, command: list[str], report: int | None = None, passed: int | None = None) -> int:
    # Ctrl-C reaches the owner too, which then asks for an orderly stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=() if passed is None else (passed,),
        preexec_fn=_end_with_guard if sys.platform == "linux" else None,
    )
    if passed is not None:
        # The guard keeps its copy of an owner's lock, but this lock is the command's alone.
        os.close(passed)
    if report is not None:
        with open(report, "w") as group:
            group.write(str(child.pid))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_watch, args=(child, grace_s), daemon=True).start()
    code = child.wait()
    _kill_group(child.pid)
    return code if code >= 0 else 128 - code


def _end_with_guard() -> None:
    """In the command, before it begins: the kernel kills it when the guard ends, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(child: subprocess.Popen[bytes], grace_s: float) -> None:
    if os.read(sys.stdin.fileno(), 1) == STOP:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace_s)
    _kill_group(child.pid)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--report", type=int)
    parser.add_argument("--pass", dest="passed", type=int)
    parser.add_argument("grace_s", type=float)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    return main(given.grace_s, given.command, report=given.report, passed=given.passed)


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
