"""Runs a command that the kernel kills when its parent ends, as another user if asked.

Usage: `python process_guard.py PARENT_PID UID COMMAND...`; UID is -1 for no change. A fixture cannot stop its server
when pytest gets SIGKILL, but the kernel can (`prctl(PR_SET_PDEATHSIG)`, see prctl(2)). This is a program and not a
`preexec_fn`, because that runs Python between fork and exec, which is unsafe with threads. The kernel watches the
thread that started the server: start servers in the main thread. Only Linux has this: elsewhere a killed run leaves its
servers behind.
"""

import ctypes
import os
import signal
import sys

#: From <linux/prctl.h>.
PR_SET_PDEATHSIG = 1


def guarded(command: list[str], uid: int | None = None) -> list[str]:
    """The command line that runs `command` and ends with this process."""
    interpreter = [sys.executable, "-I", "-S", __file__]
    return [*interpreter, str(os.getpid()), str(-1 if uid is None else uid), *command]


def main(parent: int, uid: int, command: list[str]) -> None:
    """Replace this process by `command`; never returns."""
    if uid >= 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, because a change of user clears the setting.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the parent ended before the command started")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
