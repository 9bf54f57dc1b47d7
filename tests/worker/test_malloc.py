"""The number of heaps of a process's threads, as glibc reports it."""

import platform
import subprocess
import sys

import pytest

#: Allocates memory in several threads at the same time, then prints the heaps with malloc_info(3).
HEAPS = """
import ctypes, threading
from lookalike_worker.malloc import use_one_arena

{before}
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
together = threading.Barrier(8)

def take():
    together.wait()
    libc.malloc(1000)
    together.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
out = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(out))
libc.fflush(ctypes.c_void_p(out))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives each thread a heap of its own")
@pytest.mark.parametrize(("before", "is_one"), [("use_one_arena()", True), ("", False)])
def test_threads_of_a_worker_share_one_heap(before: str, is_one: bool) -> None:
    command = [sys.executable, "-c", HEAPS.format(before=before)]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert (report.count("<heap nr=") == 1) is is_one, report
