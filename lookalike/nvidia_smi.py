"""What nvidia-smi, which comes with NVIDIA's driver, says about GPUs."""

import subprocess
from collections.abc import Sequence

from lookalike import launch

#: It hangs with a card that does.
LIMIT_S = 10.0


def memory(gpus: Sequence[str]) -> tuple[str, ...]:
    """The memory of each GPU that is used and that it has, as `3.1 of 79.6 GiB`; empty if it does not say it. `gpus`:
    as `machine.visible_gpus` names them."""
    try:
        numbers = [[int(part) / 1024 for part in line.split(",")] for line in _asked("memory.used,memory.total", gpus)]
        return tuple(f"{used:.1f} of {total:.1f} GiB" for used, total in numbers)
    except ValueError:
        return ()


def names(gpus: Sequence[str]) -> tuple[str, ...]:
    """The model of each GPU, such as `NVIDIA H100 80GB HBM3`; empty if it does not say it."""
    return tuple(line.strip() for line in _asked("name", gpus))


def _asked(what: str, gpus: Sequence[str]) -> list[str]:
    """A line for each GPU; none if it fails."""
    if not gpus:
        return []
    command = ["nvidia-smi", f"--id={','.join(gpus)}", f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    try:
        done = launch.run(command, timeout_s=LIMIT_S)
    except (OSError, subprocess.SubprocessError):
        return []
    lines = done.stdout.splitlines() if done.returncode == 0 else []
    return lines if len(lines) == len(gpus) else []
