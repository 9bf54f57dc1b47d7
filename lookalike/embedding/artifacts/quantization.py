"""Quantizes a compiled graph in a process of its own: NNCF's libraries stay out of the caller. It knows no names.

Weights and activations become 8-bit integers, in ranges that a few hundred images show (post-training quantization).
"""

import importlib.util
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lookalike import launch
from lookalike.errors import MissingExtra, ModelUnavailable
from lookalike.records import Pixels

#: The file in which the other process finds the images.
PIXELS = "pixels.npy"
#: Of the images, so many are not calibrated with, but tell how far the vectors moved.
HELD_OUT = 16


@dataclass(frozen=True)
class Report:
    """What the other process says of the graph it wrote; see `quantized.Calibration`."""

    dimension: int
    cosine: float
    cosine_least: float
    versions: dict[str, str]


def check_installed() -> None:
    """Raises MissingExtra if NNCF is not installed."""
    if importlib.util.find_spec("nncf") is None:
        raise MissingExtra("Quantizing a model", "int8")


def quantize(graph: Path, pixels: Pixels, folder: Path) -> Report:
    """Write model.xml and model.bin into `folder`: `graph` in 8-bit integers, calibrated with uint8 [N, size, size, 3].

    N must be above HELD_OUT. Raises ModelUnavailable, OSError.
    """
    import numpy as np  # not in the base installation

    np.save(folder / PIXELS, pixels)
    command = launch.command("lookalike.embedding.children.quantization", str(graph), str(folder))
    process = subprocess.run(command, capture_output=True, text=True, env=launch.environment(), check=False)
    *_, last = process.stdout.splitlines() or [""]
    try:
        return Report(**json.loads(last))
    except (ValueError, TypeError) as error:
        *_, why = process.stderr.strip().splitlines() or [f"exit code {process.returncode}"]
        raise ModelUnavailable(f"The model {graph} cannot be quantized: {why}") from error
