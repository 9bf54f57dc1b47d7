"""Turns a text encoder in a `.keras` file into an OpenVINO graph."""

from pathlib import Path
from typing import Any

from lookalike.embedding.graph.backend import keras
from lookalike.embedding.runtimes.quiet_openvino import openvino as openvino
from lookalike.errors import ModelUnavailable
from lookalike.shown import clause

import tensorflow  # isort: skip  # After backend, which makes it quiet.
from openvino.tools.ovc import convert_model  # isort: skip  # After quiet_openvino.


def converted(path: Path) -> Any:
    """The graph of the encoder, with the names of its inputs. Raises ModelUnavailable."""
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        return convert_model(_traced(model))
    # A file from elsewhere can fail anywhere in Keras, TensorFlow or OpenVINO, with any exception.
    except Exception as error:
        raise ModelUnavailable(
            f"The text encoder {path} cannot be used: {clause(_first_line(error))}.",
            "It must be a whole model saved by Keras 3, made of Keras's own layers, that takes the numbers of tokens.",
        ) from error


def _traced(model: Any) -> Any:
    """The model as one TensorFlow function; TensorFlow changes names with other characters than these."""
    signature = [
        tensorflow.TensorSpec(given.shape, given.dtype, name="".join(c if c.isalnum() else "_" for c in given.name))
        for given in model.inputs
    ]

    def run(*values: Any) -> Any:
        return model(values[0] if len(values) == 1 else list(values), training=False)

    return tensorflow.function(run, input_signature=signature).get_concrete_function()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
