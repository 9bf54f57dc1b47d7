"""Program that compiles a model: reads a spec from stdin, takes a folder, prints one JSON line."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.embedding.graph import keras_models
from lookalike.embedding.graph.backend import keras
from lookalike.embedding.int8.quantization import quantize
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.runtimes.tensorflow import traced
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable, PermanentError
from lookalike.records import Pixels

from openvino.tools.ovc import convert_model  # isort: skip  # After quiet_openvino.

#: Largest difference between the stored graph and Keras, for vectors of length 1 at most.
_TOLERANCE = 1e-3


def main(folder: Path, spec: ModelSpec) -> dict[str, Any]:
    """Write the graph into `folder` and read it back. Raises ModelUnavailable, RuntimeError."""
    model = keras_models.build(spec)
    graph = folder / "model.xml"
    # Keras's model.export(format="openvino") does the same, but needs SciPy.
    converted = convert_model(traced(model, spec.size, batch_size=None))
    openvino.serialize(converted, graph)
    _compare(model, graph, spec.size)
    if spec.int8:
        quantize(converted, spec.name, spec.size)
        openvino.serialize(converted, graph)
    versions = {"keras": keras.__version__, "openvino": openvino.__version__}
    return {"dimension": int(model.output_shape[1]), "versions": versions}


def _compare(model: Any, graph: Path, size: int) -> None:
    """Check with one image that the stored graph is complete and equal to Keras."""
    image: Pixels = np.random.RandomState(0).randint(0, 256, (1, size, size, 3)).astype(np.uint8)
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    difference = np.abs(compiled(image)[0] - model(image, training=False).numpy()).max()
    if not difference < _TOLERANCE:
        what = f"The compiled graph differs from Keras's by {difference}."
        raise ModelUnavailable(what, "Set LOOKALIKE_RUNTIME=tensorflow, or use another model.")


if __name__ == "__main__":
    try:
        answer = main(Path(sys.argv[1]), ModelSpec.from_json(sys.stdin.read()))
    except PermanentError as error:
        answer = {"refused": [error.what, error.advice]}
    print("\n" + json.dumps(answer), flush=True)
