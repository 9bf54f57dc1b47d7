"""Builds the ANN index of a table in a process of its own, which takes its memory with it when it ends.

A process that is killed leaves the table as it was: LanceDB makes the new index part of it in the last step.
"""

import logging
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lookalike import launch
from lookalike.index.lancedb import ann
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.rows import model_of
from lookalike.index.lancedb.tables import connect

logger = logging.getLogger(__name__)

#: As the least number of rows: build it anew, even if it is not due.
ALWAYS = 0
#: For a process that builds or compacts the same table now, if nobody waits for us.
PATIENCE_S = 3600.0
#: How often whoever waits for a build looks whether it is to go on.
CHECK_S = 0.5
#: Of the exit of a process whose owner has ended.
ORPHANED = 1


def run(
    folder: Path,
    table: str,
    least_rows: int,
    within_s: float | None = None,
    check: Callable[[], None] = lambda: None,
) -> bool:
    """Build the ANN index of a table that is due with `least_rows`; False, with a line in the log, if that fails or
    takes longer. `check` is called again and again; what it raises ends the build, as the end of this process does."""
    command = launch.command(__name__, str(folder), table, str(least_rows), str(within_s or PATIENCE_S))
    why = _failure(command, within_s or math.inf, check)
    if why:
        logger.warning("%s: its ANN index was not built, searches go on without it: %s", table, why)
    return not why


def _failure(command: Sequence[str], within_s: float, check: Callable[[], None]) -> str:
    """Run the command to its end; "" if it succeeds."""
    with tempfile.TemporaryFile() as errors:
        with launch.start(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors) as process:
            try:
                if not _is_ended(process, within_s, check):
                    return f"it takes longer than {within_s:,.0f} s; `lookalike index optimize` has no limit of time"
            finally:
                process.kill()
        errors.seek(0)
        return _why(process.returncode, errors.read().decode(errors="replace")) if process.returncode else ""


def _is_ended(process: "subprocess.Popen[Any]", within_s: float, check: Callable[[], None]) -> bool:
    ends_at = time.monotonic() + within_s
    while process.poll() is None and (left_s := ends_at - time.monotonic()) > 0:
        check()
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(CHECK_S, left_s))
    return process.returncode is not None


def _why(code: int, errors: str) -> str:
    """The last line that the process wrote, or what ended it."""
    if code == -signal.SIGKILL:
        return "its process was killed, as when memory is short; free some, then run `lookalike index optimize`"
    last = (errors.strip().splitlines() or [f"exit code {code}"])[-1]
    return f"{last}; mend that first, then run `lookalike index optimize`"


def main(folder: Path, table: str, least_rows: int, patience_s: float) -> None:
    with Catalog(folder).building(table, patience_s):
        opened = connect(folder).open_table(table)
        # Another process may have built it while this one waited.
        if least_rows == ALWAYS or ann.is_due(opened, least_rows):
            ann.build(opened, model_of(opened.schema).metric)


def _end_with_owner() -> None:
    """Wait for the end of standard input: whatever ends the process that holds the other end, the system closes it."""
    # Not through `sys.stdin`, whose lock Python wants at its end.
    os.read(0, 1)
    os._exit(ORPHANED)


if __name__ == "__main__":
    threading.Thread(target=_end_with_owner, daemon=True).start()
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
