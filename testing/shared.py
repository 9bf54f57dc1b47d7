"""Values that several processes of one test run share: the first process that asks makes them, the others wait."""

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
    """`path`, after `make` has filled it. `make` gets another path in the same folder, which is then renamed.

    A `make` that raises leaves nothing at `path`, so the next process tries again.
    """
    with FileLock(path.with_name(f"{path.name}.lock")):
        if not path.exists():
            draft = path.with_name(f"{path.name}.draft")
            make(draft)
            draft.rename(path)
    return path
