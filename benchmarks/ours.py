"""Runs `lookalike ingest` as a user does: in its own process, with or without a running stack."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.program import Program
from testing.services.ports import free_port

LOOKALIKE = [sys.executable, "-m", "lookalike_cli"]


@contextmanager
def environment(home: Path, index_url: str) -> Iterator[None]:
    """Every command in the block uses `home` and the index at `index_url`."""
    ours = {"LOOKALIKE_HOME": str(home), "LOOKALIKE_INDEX_URL": index_url}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    yield
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def running_stack() -> Iterator[None]:
    """Broker and worker run during the block, so its commands do not start their own."""
    port = free_port()
    # The query service starts last.
    with Program([*LOOKALIKE, "up", "--port", str(port)], port, "/health/live"):
        yield


def ingest(source: Path, index: str, *options: str) -> dict[str, Any]:
    """Run the command; returns its summary with its `wall_seconds` and the job's `work_seconds`."""
    began = time.perf_counter()
    summary = lookalike(["ingest", str(source), "--index", index, "--json", *options])
    summary["wall_seconds"] = time.perf_counter() - began
    summary["work_seconds"] = lookalike(["status", summary["job"], "--json"])["seconds"]
    return summary


def lookalike(arguments: Sequence[str]) -> dict[str, Any]:
    """Run a command; returns the JSON of the last line that it printed."""
    done = subprocess.run([*LOOKALIKE, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
