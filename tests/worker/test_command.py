"""How the worker's command ends."""

import os
import subprocess
import sys

from lookalike.exit_codes import ExitCode

#: A worker that does not start, although its arguments are right.
BROKEN = """
from lookalike.queue import make_app
from lookalike_worker.command import run_worker
from lookalike_worker.stopping import Hurry, Worker
class Broken(Worker):
    def on_start(self):
        raise OSError("no space")
with make_app("memory://") as app:
    app.Worker = app.subclass_with_self(Broken, hurry=Hurry())
    raise SystemExit(run_worker(app, ["--concurrency", "1", "--without-gossip", "--without-mingle"], quiet=True))
"""


def test_a_worker_that_fails_ends_with_a_code_that_says_so() -> None:
    done = subprocess.run([sys.executable, "-c", BROKEN], env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.FAILURE and "no space" in done.stderr
