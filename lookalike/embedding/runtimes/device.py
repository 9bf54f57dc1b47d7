"""What models run on here, asked in another process, so that whoever wants to know loads no model library."""

import json
import subprocess
from dataclasses import dataclass

from lookalike import launch
from lookalike.errors import ModelUnavailable

#: TensorFlow, where it is asked, takes a while to load on a busy machine.
TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Device:
    """`precision`: what `auto` means on this CPU. `batch_size`: images per call. `unusable_gpu`: the reason, if any."""

    precision: str
    has_bf16: bool
    batch_size: int
    unusable_gpu: str | None


def examine(*, with_gpu: bool = False) -> Device:
    """Ask. Raises ModelUnavailable where the runtime cannot even be loaded."""
    command = launch.command("lookalike.embedding.children.device", *(["gpu"] if with_gpu else []))
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, env=launch.environment())
        return Device(**json.loads(done.stdout.splitlines()[-1]))
    except (subprocess.TimeoutExpired, IndexError, ValueError) as error:
        last = "it did not answer" if isinstance(error, subprocess.TimeoutExpired) else done.stderr.strip()[-200:]
        raise ModelUnavailable(f"OpenVINO cannot be run here: {last}.", "Install lookalike anew.") from error
