"""Tells a fault of this machine, such as no free file descriptor, from a fault of the file or service that met it."""

import errno
import os
import socket
from collections.abc import Iterator

from lookalike.errors import MachineExhausted

#: The system has no more of something that every file and connection needs.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
#: What errors say that have no number: Python has no further thread, or the loader no memory for a library.
SIGNS = ("can't start new thread", "failed to map segment from shared object", "cannot allocate memory")
_WITHOUT_NUMBER = (RuntimeError, ImportError)
#: More causes than an exception ever has, because some refer to themselves.
_MOST_CAUSES = 16


def machine_error(error: BaseException) -> MachineExhausted | None:
    """Our error if `error`, or what it was caused by, says that this machine has run out of something; else None."""
    for cause in _causes(error):
        if isinstance(cause, MemoryError):
            return MachineExhausted(socket.gethostname(), os.strerror(errno.ENOMEM))
        if sign := next((sign for sign in SIGNS if sign in str(cause) and isinstance(cause, _WITHOUT_NUMBER)), None):
            return MachineExhausted(socket.gethostname(), sign)
        if isinstance(cause, OSError) and cause.errno in EXHAUSTED:
            return MachineExhausted(socket.gethostname(), os.strerror(cause.errno or 0))
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it was raised from or carries, as those of urllib3 and redis-py do."""
    found, seen = [error], 0
    while found and seen < _MOST_CAUSES:
        cause, seen = found.pop(), seen + 1
        yield cause
        further = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        found += [each for each in further if isinstance(each, BaseException)]
