"""Runs `lookalike ingest` as a user does: as a process, with or without a running stack."""

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
    """Every command in the block works in `home` and on the index at `index_url`."""
    ours = {"LOOKALIKE_HOME": str(home), "LOOKALIKE_INDEX_URL": index_url}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    yield
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def running_stack() -> Iterator[None]:
    """Broker and worker run during the block, so the commands in it start none of their own."""
    port = free_port()
    # Its query service is the last to listen.
    with Program([*LOOKALIKE, "up", "--port", str(port)], port, "/health/live"):
        yield


def ingest(source: Path, index: str, *options: str) -> dict[str, Any]:
    """The command's summary, with `wall_seconds` measured here and `work_seconds` of the job itself."""
    began = time.perf_counter()
    summary = lookalike(["ingest", str(source), "--index", index, "--json", *options])
    summary["wall_seconds"] = time.perf_counter() - began
    summary["work_seconds"] = lookalike(["status", summary["job"], "--json"])["seconds"]
    return summary


def lookalike(arguments: Sequence[str]) -> dict[str, Any]:
    """The last line that the command printed."""
    done = subprocess.run([*LOOKALIKE, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
