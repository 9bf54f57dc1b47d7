"""The memory that a process keeps after its objects are freed, as glibc and the kernel report it."""

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the rules of glibc's heap")

START = """
import ctypes, threading
from lookalike.malloc import give_memory_back

{before}
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
"""
#: Allocates memory in several threads at the same time, then prints the heaps with malloc_info(3).
HEAPS = """
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
#: Fills and frees a block of 16 MiB, as Pillow does for each image, twice; a small block stays behind the second.
#: Prints how much memory is held afterwards, in kB.
BLOCKS = """
def held():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

before = held()
for _ in range(2):
    block = ctypes.c_void_p(libc.malloc(2**24))
    libc.memset(block, 1, 2**24)
    # Larger than the free blocks that the heap has from the start.
    libc.malloc(100_000)
    libc.free(block)
print(held() - before)
"""


def output(program: str, before: str) -> str:
    command = [sys.executable, "-c", START.format(before=before) + program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("before", "is_one"), [("give_memory_back()", True), ("", False)])
def test_threads_share_one_heap(before: str, is_one: bool) -> None:
    report = output(HEAPS, before)
    assert (report.count("<heap nr=") == 1) is is_one, report


@pytest.mark.parametrize(("before", "is_held"), [("give_memory_back()", False), ("", True)])
def test_a_large_block_is_given_back_although_a_small_one_lies_behind_it(before: str, is_held: bool) -> None:
    assert (int(output(BLOCKS, before)) > 2**13) is is_held
