"""The memory of NVIDIA's GPUs, as their driver's program says it: JAX knows only what it uses itself."""

import subprocess
from collections.abc import Sequence

from lookalike import launch

#: The program takes a second where the driver has slept.
LIMIT_S = 10.0


def gpu_memory(gpus: Sequence[str]) -> tuple[str, ...]:
    """The memory of each GPU that is used and that it has, as `3.1 of 79.6 GiB`; empty if nvidia-smi, which comes with
    the driver, does not say it."""
    asked = ["nvidia-smi", f"--id={','.join(gpus)}", "--query-gpu=memory.used,memory.total"]
    try:
        done = launch.run([*asked, "--format=csv,noheader,nounits"], timeout_s=LIMIT_S)
        numbers = [[int(part) / 1024 for part in line.split(",")] for line in done.stdout.splitlines()]
        return tuple(f"{used:.1f} of {total:.1f} GiB" for used, total in numbers) if done.returncode == 0 else ()
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()
