"""Runs a command and ends it when the owner asks for it or dies, even if the owner is killed.

Run as a script: `python process_guard.py [--report FD] GRACE_S COMMAND...`. The owner holds the other end of standard
input. STOP there asks for an orderly end (SIGTERM, then SIGKILL after GRACE_S), KILL for an end at once. End of file
means that the owner has died, so the command is killed at once. A pipe, unlike PR_SET_PDEATHSIG, works on every Unix.

The guard writes the process group of the command to FD, so that the owner can kill it if the guard was killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

STOP = b"s"
KILL = b"k"


def main(grace_s: float, command: list[str], report: int | None = None) -> int:
    # Ctrl-C reaches the owner too, which then asks for an orderly stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    if report is not None:
        with open(report, "w") as group:
            group.write(str(child.pid))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_watch, args=(child, grace_s), daemon=True).start()
    code = child.wait()
    _kill_group(child.pid)
    return code if code >= 0 else 128 - code


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
    if arguments[0] == "--report":
        return main(float(arguments[2]), arguments[3:], report=int(arguments[1]))
    return main(float(arguments[0]), arguments[1:])


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
