"""Tells a fault of this machine, such as no free file descriptor, from a fault of the file or service that met it."""

import errno
import os
import socket
from collections.abc import Iterator

from lookalike.errors import MachineExhausted

#: The system has no more of something that every file and connection needs.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
#: What errors say that have no number: Python or a library has no further thread, or the loader no memory.
SIGNS = (
    "can't start new thread",
    "failed to map segment from shared object",
    *(os.strerror(number).lower() for number in (errno.EAGAIN, errno.EMFILE, errno.ENOMEM)),
)
#: Errors of libraries in Rust are `PanicException`, which each such library has of its own, and which is no Exception.
PANIC = "PanicException"
#: More causes than an exception ever has, because some refer to themselves.
_MOST_CAUSES = 16


def machine_error(error: BaseException) -> MachineExhausted | None:
    """Our error if `error`, or what it was caused by, says that this machine has run out of something; else None."""
    if isinstance(error, BlockingIOError) and error.filename is None:
        # Only from a start of a process: whoever waits for a socket or a lock expects it.
        return MachineExhausted(socket.gethostname(), os.strerror(errno.EAGAIN))
    for cause in _causes(error):
        if isinstance(cause, MemoryError):
            return MachineExhausted(socket.gethostname(), os.strerror(errno.ENOMEM))
        if _has_no_number(cause) and (sign := next((sign for sign in SIGNS if sign in str(cause).lower()), None)):
            return MachineExhausted(socket.gethostname(), sign)
        if isinstance(cause, OSError) and cause.errno in EXHAUSTED:
            return MachineExhausted(socket.gethostname(), os.strerror(cause.errno or 0))
    return None


def is_panic(error: BaseException) -> bool:
    return type(error).__name__ == PANIC


def _has_no_number(error: BaseException) -> bool:
    return isinstance(error, RuntimeError | ImportError) or is_panic(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it was raised from or carries, as those of urllib3 and redis-py do."""
    found, seen = [error], 0
    while found and seen < _MOST_CAUSES:
        cause, seen = found.pop(), seen + 1
        yield cause
        further = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        found += [each for each in further if isinstance(each, BaseException)]
