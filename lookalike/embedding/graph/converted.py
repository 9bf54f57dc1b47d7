"""Turns a model spec into one OpenVINO graph by way of Keras and TensorFlow, for every backbone that Keras has."""

from typing import Any

import numpy as np

from lookalike.embedding.graph import keras_models
from lookalike.embedding.graph.backend import keras
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.runtimes.tensorflow import traced
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable
from lookalike.records import Pixels

from openvino.tools.ovc import convert_model  # isort: skip  # After quiet_openvino.

#: Largest difference between the graph and Keras, for vectors of length 1 at most.
_TOLERANCE = 1e-3
VERSIONS = {"keras": keras.__version__}


def build(spec: ModelSpec) -> Any:
    """An openvino.Model from uint8 RGB [N, size, size, 3] to float32 [N, D]. Raises ModelUnavailable."""
    model = keras_models.build(spec)
    # Keras's model.export(format="openvino") does the same, but needs SciPy.
    graph = convert_model(traced(model, spec.size, batch_size=None))
    _compare(model, graph, spec.size)
    return graph


def _compare(model: Any, graph: Any, size: int) -> None:
    """Check with one image that the graph is equal to Keras."""
    image: Pixels = np.random.RandomState(0).randint(0, 256, (1, size, size, 3)).astype(np.uint8)
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    difference = np.abs(compiled(image)[0] - model(image, training=False).numpy()).max()
    if not difference < _TOLERANCE:
        what = f"The compiled graph differs from Keras's by {difference}."
        raise ModelUnavailable(what, "Set LOOKALIKE_RUNTIME=tensorflow, or use another model.")
