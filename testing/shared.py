"""Folders that several processes of one test run share: the first process that asks fills one, the others wait."""

import os
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

#: pytest-xdist sets it in its worker processes.
XDIST_WORKER = "PYTEST_XDIST_WORKER"


def run_folder(basetemp: Path) -> Path:
    """The folder of the whole run; `basetemp` is the temporary folder of this pytest process."""
    return basetemp.parent if os.environ.get(XDIST_WORKER) else basetemp


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """`path`, after one process has filled it with `make`. After a `make` that raises, the next process tries again."""
    done = path.with_name(f"{path.name}.done")
    with FileLock(path.with_name(f"{path.name}.lock")):
        if not done.exists():
            make(path)
            done.touch()
    return path
