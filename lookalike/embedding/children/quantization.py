"""Program that quantizes a model: takes a graph and a folder, prints one JSON line."""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding.artifacts.quantization import HELD_OUT, PIXELS
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.records import Pixels, Vectors

import nncf  # isort: skip  # After quiet_openvino.

#: Compare the quantized graph only, not the precision of the other layers.
_SETTINGS = {"INFERENCE_PRECISION_HINT": "f32"}


def main(graph: Path, folder: Path) -> dict[str, Any]:
    """Quantize `graph` with the images in `folder` and write model.xml and model.bin there. Raises RuntimeError."""
    pixels: Pixels = np.load(folder / PIXELS, mmap_mode="r")
    core = openvino.Core()
    model = core.read_model(graph)
    model.reshape([1, *pixels.shape[1:]])
    # Activations need not be symmetric around zero: better vectors for the same speed.
    quantized_model = nncf.quantize(
        model,
        nncf.Dataset([image[None] for image in pixels[:-HELD_OUT]]),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(pixels) - HELD_OUT,
    )
    quantized_model.reshape([-1, *pixels.shape[1:]])
    openvino.serialize(quantized_model, folder / "model.xml")
    exact, quantized = (_vectors(core, at, pixels[-HELD_OUT:]) for at in (graph, folder / "model.xml"))
    cosines = (exact * quantized).sum(axis=1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(quantized, axis=1)
    return {
        "dimension": exact.shape[1],
        "cosine": round(float(np.median(cosines)), 4),
        "cosine_least": round(float(cosines.min()), 4),
        "versions": {library: version(library) for library in ("nncf", "openvino")},
    }


def _vectors(core: Any, graph: Path, pixels: Pixels) -> Vectors:
    """Of the graph as stored on disk, one image per call."""
    compiled = core.compile_model(core.read_model(graph), "CPU", _SETTINGS)
    return np.concatenate([compiled(np.ascontiguousarray(image[None]))[0] for image in pixels])


if __name__ == "__main__":
    print("\n" + json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))), flush=True)
