"""What enters each layer of a graph, measured on images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookalike.embedding.int8.layers import Array, Layer, quantizable
from lookalike.embedding.runtimes.quiet_openvino import openvino
from lookalike.records import Pixels

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino.

#: Another precision would measure its own rounding.
SETTINGS = {"INFERENCE_PRECISION_HINT": "f32"}


@dataclass(frozen=True, eq=False)
class Activations:
    """Of each input channel of a layer, over all images and places: float32 [C]."""

    least: Array
    mean: Array
    most: Array


def measure(model: Any, pixels: Pixels) -> list[Activations]:
    """For each layer of `quantizable(model)`, on uint8 [N, size, size, 3]."""
    observed = openvino.Core().compile_model(_observed(model, pixels.shape[1:]), "CPU", SETTINGS)
    runs = [[np.array(value) for value in observed(image[None]).to_tuple()] for image in pixels]
    values = [np.stack(each) for each in zip(*runs, strict=True)]
    return [
        Activations(least.min(axis=0), mean.mean(axis=0), most.max(axis=0))
        for least, mean, most in zip(values[::3], values[1::3], values[2::3], strict=True)
    ]


def _observed(model: Any, shape: Sequence[int]) -> Any:
    """A copy that returns the least, mean and largest number in each channel of each layer's input."""
    copy = model.clone()
    copy.reshape([1, *shape])
    outputs = [reduced for layer in quantizable(copy) for reduced in _reduced(layer)]
    return openvino.Model(outputs, copy.get_parameters(), "observed")


def _reduced(layer: Layer) -> list[Any]:
    axes = np.array([axis for axis in range(layer.rank) if axis != layer.channels], np.int64)
    return [reduce(layer.node.input_value(0), axes) for reduce in (ops.reduce_min, ops.reduce_mean, ops.reduce_max)]
