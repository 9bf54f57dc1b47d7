"""A program that becomes another program, which then dies with its parent and, if asked, runs as another user.

Used as `python leash.py PARENT_PID UID COMMAND...`, UID being -1 for no change. A fixture cannot stop its
server when pytest gets SIGKILL; the kernel can (`prctl(PR_SET_PDEATHSIG)`, see prctl(2)). This is a program
and not a `preexec_fn` because that runs Python between fork and exec, which is unsafe beside threads.
The kernel watches the thread that started the server: start servers from the main thread.
Without Linux the leash is missing, and a killed run leaves its servers behind.
"""

import ctypes
import os
import signal
import sys

#: From <linux/prctl.h>.
PR_SET_PDEATHSIG = 1


def guarded(command: list[str], uid: int | None = None) -> list[str]:
    """The command line that runs `command` on a leash held by this process."""
    interpreter = [sys.executable, "-I", "-S", __file__]
    return [*interpreter, str(os.getpid()), str(-1 if uid is None else uid), *command]


def main(parent: int, uid: int, command: list[str]) -> None:
    """Replace this process by `command`; never returns."""
    if uid >= 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, because a change of user takes the leash off.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the parent was gone before the leash was on")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
