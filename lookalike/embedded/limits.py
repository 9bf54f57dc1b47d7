"""Whether this machine lets a broker and a worker start: otherwise they would end and be restarted, again and again."""

import multiprocessing
import resource
import tempfile

from lookalike.disk import place_error
from lookalike.errors import AccessDenied, ResourceExhausted

#: Files and connections that a worker of one or two processes has open; measured.
LEAST_FILES = 64


def check_limits() -> None:
    """Raises AccessDenied, ResourceExhausted."""
    _check_files()
    _check_temporary_files()
    _check_locks()


def _check_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (soft, hard) and soft < LEAST_FILES:
        what = f"This process may open only {soft} files at once; the embedded stack needs {LEAST_FILES}."
        raise ResourceExhausted(what, "Raise the limit: ulimit -n 1024.")


def _check_temporary_files() -> None:
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise place_error(error) or error from error


def _check_locks() -> None:
    try:
        multiprocessing.Lock()
    except OSError as error:
        what = f"Processes cannot share locks: {error.strerror}."
        advice = "Mount /dev/shm as a tmpfs that this user may write to, with free space."
        raise AccessDenied(what, advice) from error
