"""The start of an embedded stack: the worker loads its code while the broker starts, then waits for the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookalike.embedded.lock import opened


@contextmanager
def starting(home: Path) -> Iterator[None]:
    """Workers of this home that start meanwhile take no chunk before the end. Only the owner of the stack starts it."""
    with opened(_path(home)) as lock:
        lock.wait_exclusive()
        yield


def await_started(home: Path) -> None:
    """Wait while the stack of this home starts. If its owner ends instead, this process is about to be killed."""
    if _path(home).exists():
        with opened(_path(home)) as lock:
            lock.share()


def _path(home: Path) -> Path:
    return home / "run" / "starting.lock"
