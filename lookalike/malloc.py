"""Makes glibc give memory back that a process no longer needs."""

import contextlib
import ctypes

# The parameters' numbers in glibc's malloc.h (mallopt(3)).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

#: Blocks from this size on are given back as soon as they are freed, whatever else the heap holds.
_OWN_MAPPING_BYTES = 4 * 2**20
#: Free memory at the end of the heap is given back from this size on.
_TRIMMED_BYTES = 2 * _OWN_MAPPING_BYTES


def give_memory_back() -> None:
    """Bound the free memory that this process and its forks hold; call it before other threads start.

    Large blocks: glibc maps each on its own, but after the first one was freed it takes blocks of up to that size
    (32 MiB at most) from the heap, and the heap shrinks only at its end. So one small object behind a decoded image
    kept 46 MiB of it after the image was freed. A fixed threshold turns this off (mallopt(3), M_MMAP_THRESHOLD).

    One arena: glibc gives each thread its own heap, and memory that LanceDB's threads free in theirs is not reused by
    others: over 38,400 documents a process grew by 267 MiB; by 129 with one heap, and by 95 with bounded LanceDB caches
    as well. Other C libraries ignore the call.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _TRIMMED_BYTES)
