"""Runs a command and ends it when the owner asks for it or dies, even if the owner is killed.

Run as a script: `python process_guard.py GRACE_S COMMAND...`. The owner holds the other end of standard input. One byte
there asks for an orderly stop (SIGTERM, then SIGKILL after GRACE_S). End of file without a byte means that the owner
has died, so the command is killed at once. A pipe, unlike PR_SET_PDEATHSIG, works on every Unix.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading


def main(grace_s: float, command: list[str]) -> int:
    # Ctrl-C reaches the owner too, which then asks for an orderly stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_watch, args=(child, grace_s), daemon=True).start()
    code = child.wait()
    _kill_group(child.pid)
    return code if code >= 0 else 128 - code


def _watch(child: subprocess.Popen[bytes], grace_s: float) -> None:
    if os.read(sys.stdin.fileno(), 1):
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace_s)
    _kill_group(child.pid)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
