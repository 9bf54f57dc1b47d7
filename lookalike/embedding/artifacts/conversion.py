"""Turns a spec into an OpenVINO graph in a process of its own, so that the caller never carries TensorFlow's memory.

It knows no cache. The child runs `lookalike.embedding.children.conversion`: spec on stdin, one JSON line on stdout.
"""

import errno
import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lookalike import launch
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import LookalikeError, MissingExtra, ModelUnavailable

#: With less left than this after a failed write the disk was full: OpenVINO does not say why it could not write.
_FULL_BELOW_BYTES = 1 << 20


@dataclass(frozen=True)
class Converted:
    """What the other process reports of the graph it wrote."""

    dimension: int
    versions: dict[str, str]


def convert(spec: ModelSpec, folder: Path) -> Converted:
    """Write model.xml and model.bin into `folder`. Raises MissingExtra, ModelUnavailable, OSError."""
    if find_spec("keras") is None:
        raise MissingExtra(f"The model {spec.name} is not built yet, and building it", "worker")
    process = _run(spec, folder)
    *_, last = process.stdout.splitlines() or [""]
    try:
        answer = json.loads(last)
    except ValueError:
        raise _crash(process, spec, folder) from None
    if "refused" in answer:
        raise ModelUnavailable(*answer["refused"])
    return Converted(**answer)


def _run(spec: ModelSpec, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = launch.command("lookalike.embedding.children.conversion", str(folder))
    env = launch.environment()
    return subprocess.run(command, input=spec.to_json(), capture_output=True, text=True, env=env, check=False)


def _crash(process: "subprocess.CompletedProcess[str]", spec: ModelSpec, folder: Path) -> LookalikeError | OSError:
    if shutil.disk_usage(folder).free < _FULL_BELOW_BYTES:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        return ModelUnavailable(
            f"Compiling {spec.name} was stopped by {name}.", "Most often memory ran out: it takes about 2 GB."
        )
    *_, last = process.stderr.strip().splitlines() or [f"exit code {process.returncode}"]
    return ModelUnavailable(f"The model {spec.name} cannot be compiled: {last}")
