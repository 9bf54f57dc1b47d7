"""The locks of the embedded stack under a home: one owner, and any number of users.

Not made with `filelock`: child processes inherit the owner's descriptor, so that the lock stays until they have ended,
and users share a lock on which the owner waits. That library offers neither for an advisory lock.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike.embedded.private import keep_private


class FileLock:
    """An advisory lock; the kernel releases it when the last process with its descriptor has ended.

    Forked children do not keep it, but commands that inherit the descriptor do.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._file = open(descriptor, "r+b", buffering=0)  # noqa: SIM115
        keep_private(self._file)

    @property
    def descriptor(self) -> int:
        """For child processes that inherit it, so that the lock stays until they have ended as well."""
        return self._file.fileno()

    def try_exclusive(self) -> bool:
        """Take the lock alone; False if another process has it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_exclusive(self) -> None:
        """Take the lock alone, as soon as no other process has it."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def share(self) -> None:
        """Take the lock together with others."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def release(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        self._file.close()


@contextmanager
def opened(path: Path) -> Iterator[FileLock]:
    """The lock on this file, not taken yet; it is closed at the end, but a command may still hold it."""
    lock = FileLock(path)
    try:
        yield lock
    finally:
        lock.close()
