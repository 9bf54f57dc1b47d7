"""Open files that forked children of this process must not hold: each child closes its copies when it starts.

A guard notices the end of its owner, and the kernel releases a lock, only when the last copy is closed.
"""

import os
from typing import IO
from weakref import WeakSet

_private: WeakSet[IO[bytes]] = WeakSet()


def keep_private(file: IO[bytes]) -> None:
    """Close the file in every child that this process forks. The file is unbuffered: a buffer has a lock."""
    _private.add(file)


def _close_in_child() -> None:
    for file in list(_private):
        file.close()


os.register_at_fork(after_in_child=_close_in_child)
