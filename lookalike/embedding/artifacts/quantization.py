"""Quantizes a compiled graph in another process, so that the caller does not load NNCF's libraries.

Weights and activations become 8-bit integers, in ranges measured on a few hundred images (post-training quantization).
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from lookalike.embedding.children import json_process
from lookalike.errors import MissingExtra, ModelUnavailable
from lookalike.records import Pixels
from lookalike.shown import clause

CHILD = "lookalike.embedding.children.quantization"
#: The file with the images for the child.
PIXELS = "pixels.npy"
#: Images not used for calibration, but to measure how far the vectors moved.
HELD_OUT = 16


@dataclass(frozen=True)
class Report:
    """The child's answer; see `quantized.Calibration`."""

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
    try:
        return Report(**json_process.run(CHILD, str(graph), str(folder)))
    except (json_process.ChildFailed, TypeError) as error:
        raise ModelUnavailable(
            f"The model {graph} cannot be quantized: {clause(error)}.", "Quantize another model."
        ) from error
