"""Rewrites an OpenVINO graph so that its layers compute in 8-bit integers.

Before each layer a FakeQuantize node rounds the activations, and the weights become int8 constants with a step for
each output channel: OpenVINO runs this pattern with integer instructions. docs/decisions/0039-eight-bits.md says why.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lookalike.embedding.int8.activations import Activations, measure
from lookalike.embedding.int8.layers import Array, Layer, quantizable
from lookalike.embedding.int8.scales import TOP, IntegerWeights, Scale, integers, scale_of
from lookalike.records import Pixels

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino, which activations loads.


def rewrite(model: Any, pixels: Pixels) -> None:
    """Change `model` in place, with ranges measured on uint8 [N, size, size, 3].

    Raises ValueError if the input of a layer has no range.
    """
    _change(quantizable(model), measure(model, pixels))
    model.validate_nodes_and_infer_types()


def _change(layers: Sequence[Layer], measured: Sequence[Activations]) -> None:
    rounded: dict[tuple[str, int], Any] = {}
    for layer, seen in zip(layers, measured, strict=True):
        source = layer.node.input_value(0)
        # Layers with the same input share its rounding.
        place = (source.get_node().get_name(), source.get_index())
        if place not in rounded:
            rounded[place] = _rounded(source, scale_of(seen))
        weights = integers(layer)
        layer.node.input(0).replace_source_output(rounded[place].output(0))
        layer.node.input(1).replace_source_output(_constant(weights).output(0))
        _correct(layer, (layer.weights - weights.meant) * layer.per_input(seen.mean))


def _rounded(source: Any, scale: Scale) -> Any:
    low, high = (ops.constant(np.float32(end)) for end in scale.ends)
    return ops.fake_quantize(source, low, high, low, high, TOP + 1)


def _constant(weights: IntegerWeights) -> Any:
    return ops.multiply(ops.convert(ops.constant(weights.values), "f32"), ops.constant(weights.step))


def _correct(layer: Layer, lost: Array) -> None:
    """Bias correction: add what rounding the weights takes from the mean of each output channel.

    Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, 2019, section 4.2.
    """
    readers = list(layer.node.output(0).get_target_inputs())
    corrected = ops.add(layer.node, ops.constant(layer.per_output(lost.sum(axis=layer.summed).ravel())))
    for reader in readers:
        reader.replace_source_output(corrected.output(0))
