"""Builds the ANN index of a table in a process of its own, which takes its memory with it when it ends.

A process that is killed leaves the table as it was: LanceDB makes the new index part of it in the last step.
"""

import logging
import signal
import subprocess
import sys
from pathlib import Path

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


def run(folder: Path, table: str, least_rows: int, within_s: float | None = None) -> bool:
    """Build the ANN index of a table that is due with `least_rows`; False, with a line in the log, if that fails or
    takes longer."""
    command = launch.command(__name__, str(folder), table, str(least_rows), str(within_s or PATIENCE_S))
    try:
        done = launch.run(command, timeout_s=within_s)
    except subprocess.TimeoutExpired:
        why = f"it takes longer than {within_s:,.0f} s; `lookalike index optimize` has no limit of time"
    else:
        if done.returncode == 0:
            return True
        why = _why(done.returncode, done.stderr)
    logger.warning("%s: its ANN index was not built, searches go on without it: %s", table, why)
    return False


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


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
