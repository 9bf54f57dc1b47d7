"""Program that compiles a model: reads a spec from stdin, takes a folder, prints one JSON line."""

import json
import sys
from pathlib import Path
from typing import Any

from lookalike.embedding.graph import chosen, openvino_models
from lookalike.embedding.imported import building
from lookalike.embedding.int8.quantization import quantize
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import PermanentError


def main(folder: Path, spec: ModelSpec) -> dict[str, Any]:
    """Write the graph into `folder`. Raises ModelUnavailable, RuntimeError."""
    graph, versions = _built(spec)
    if spec.int8:
        quantize(graph, spec.name, spec.size)
    openvino.serialize(graph, folder / "model.xml")
    dimension = graph.output(0).partial_shape[1].get_length()
    return {"dimension": dimension, "versions": versions | {"openvino": openvino.__version__}}


def _built(spec: ModelSpec) -> tuple[Any, dict[str, str]]:
    """The graph in float32, and the versions of the libraries beside OpenVINO that made it."""
    if spec.is_ours:
        return openvino_models.build(spec), {}
    if spec.is_imported:
        return building.build(spec), {}
    # Keras and TensorFlow take seconds and a gigabyte, and need not be installed.
    from lookalike.embedding.graph import converted

    return converted.build(spec), converted.VERSIONS


if __name__ == "__main__":
    chosen.without_extras("jax")
    try:
        answer = main(Path(sys.argv[1]), ModelSpec.from_json(sys.stdin.read()))
    except PermanentError as error:
        answer = {"refused": [error.what, error.advice]}
    print("\n" + json.dumps(answer), flush=True)
