"""Whether this machine lets a broker and a worker start: otherwise they would end and be restarted, again and again."""

import multiprocessing
import resource
import tempfile
from math import inf

from lookalike.disk import place_error
from lookalike.errors import AccessDenied, ResourceExhausted

#: Files and connections that a worker of one or two processes has open; measured.
LEAST_FILES = 64
#: The files of the broker and of the index of a small collection.
LEAST_SIZE_BYTES = 2**30


def check_broker_limits() -> None:
    """Raises ResourceExhausted."""
    _check_files()
    _check_size()


def check_worker_limits() -> None:
    """Raises AccessDenied."""
    _check_temporary_files()
    _check_locks()


def _check_files() -> None:
    if (soft := _limit(resource.RLIMIT_NOFILE)) < LEAST_FILES:
        what = f"This process may open only {soft} files at once; the embedded stack needs {LEAST_FILES}."
        raise ResourceExhausted(what, "Raise the limit: ulimit -n 1024.")


def _check_size() -> None:
    if (soft := _limit(resource.RLIMIT_FSIZE)) < LEAST_SIZE_BYTES:
        what = f"This process may write files of at most {soft / 2**20:,.1f} MiB; the embedded stack needs 1,024 MiB."
        raise ResourceExhausted(what, "Raise the limit: ulimit -f unlimited.")


def _limit(kind: int) -> float:
    soft, _ = resource.getrlimit(kind)
    return inf if soft == resource.RLIM_INFINITY else soft


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
