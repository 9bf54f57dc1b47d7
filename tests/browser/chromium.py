#!/usr/bin/env python3
"""Starts Chromium so that it does not learn of changes to this machine's network devices.

When a device or an address appears or disappears, Chromium fails every request that waits for a connection
(ERR_NETWORK_CHANGED), also those to the loopback address. Containers, and hosts in network namespaces, come and go on
the machines that run tests. Chromium listens on a netlink socket; without one, it takes the network as always there.
"""

import ctypes
import errno
import os
import platform
import shutil
import socket
import struct
import sys

#: The number of the system call `socket`. Elsewhere, Chromium starts as usual.
SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
#: <linux/prctl.h>, <linux/seccomp.h>
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
ALLOW, FAIL = 0x7FFF0000, 0x00050000
#: <linux/bpf_common.h>: load a word of the call's data, jump if it equals a constant, return.
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
#: Where the call's data (struct seccomp_data) has the call's number and its first argument.
NUMBER_AT, FAMILY_AT = 0, 16
#: The shell has no windows, so that a new profile costs it a fraction of the CPU time.
PATH = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None)


class Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse_netlink() -> None:
    """From now on, this process and its children can open no netlink socket. Only on Linux; raises OSError."""
    call = SOCKET_CALL.get(platform.machine())
    if call is None or not sys.platform.startswith("linux"):
        return
    steps = [
        (LOAD, 0, 0, NUMBER_AT),
        (JUMP_IF_EQUAL, 0, 3, call),
        (LOAD, 0, 0, FAMILY_AT),
        (JUMP_IF_EQUAL, 0, 1, socket.AF_NETLINK),
        (RETURN, 0, 0, FAIL | errno.EAFNOSUPPORT),
        (RETURN, 0, 0, ALLOW),
    ]
    program = Program(len(steps), b"".join(struct.pack("HBBI", *step) for step in steps))
    _prctl(PR_SET_NO_NEW_PRIVS, 1, 0)
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))


def _prctl(option: int, first: int, second: object) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, first, second, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    assert PATH is not None
    refuse_netlink()
    os.execv(PATH, [PATH, *sys.argv[1:]])
