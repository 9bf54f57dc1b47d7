"""Limits glibc to one malloc arena."""

import contextlib
import ctypes

#: The parameter's number in glibc's malloc.h (mallopt(3)).
_M_ARENA_MAX = -8


def use_one_arena() -> None:
    """Make all threads of this process and its forks share one heap; call it before other threads start.

    glibc gives each thread its own heap, and memory that LanceDB's threads free in theirs is not reused by others: over
    38,400 documents a process grew by 267 MiB; by 129 with one heap, and by 95 with bounded LanceDB caches as well.
    Other C libraries ignore the call.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
