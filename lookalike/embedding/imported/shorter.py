"""Graphs with numbers of 16 bits, before their layers are quantized: `:int8` computes with float32 ones."""

from typing import Any

import numpy as np

from lookalike.embedding.int8.layers import quantizable
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino.


def lengthen(model: Any, spec: ModelSpec) -> None:
    """Make weights float32 that are stored in 16 bits and computed with in 32. Raises ModelUnavailable for a graph that
    computes in 16."""
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Convert" and node.get_element_type() == openvino.Type.f32:
            _replace(node)
    if any(layer.node.get_element_type() != openvino.Type.f32 for layer in quantizable(model)):
        what = f"{spec.weights} computes in float16, which :int8 cannot round."
        raise ModelUnavailable(what, "Bring the file in float32, or leave :int8 out.")


def _replace(conversion: Any) -> None:
    constant = conversion.input_value(0).get_node()
    if constant.get_type_name() != "Constant":
        return
    longer = ops.constant(np.array(constant.data, np.float32))
    for reader in list(conversion.output(0).get_target_inputs()):
        reader.replace_source_output(longer.output(0))
