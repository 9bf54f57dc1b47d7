"""The layers of an OpenVINO graph that can compute in 8-bit integers, and where their channels are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

#: Type of a convolution -> the leading axes of its weights, of output channels; the next is of input channels.
_CONVOLUTIONS = {"Convolution": (0,), "GroupConvolution": (0, 1)}
_PRODUCT = "MatMul"


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution or matrix product with constant weights.

    `outputs` are the axes of output channels in the weights, `input` is the axis of input channels, of each group.
    `channels` is the axis of channels in the activations, which have `rank` axes.
    """

    node: Any
    weights: Array
    outputs: tuple[int, ...]
    input: int
    channels: int
    rank: int

    @property
    def width(self) -> int:
        """Input channels, of each group."""
        return int(self.weights.shape[self.input])

    @property
    def summed(self) -> tuple[int, ...]:
        """Axes of the weights over which the layer sums."""
        return tuple(axis for axis in range(self.weights.ndim) if axis not in self.outputs)

    def per_input(self, numbers: Array) -> Array:
        """One number per input channel, in a shape that broadcasts to the weights."""
        groups = len(self.outputs) > 1
        shape = [1] * self.weights.ndim
        shape[self.input] = self.width
        return numbers.reshape([-1, *shape[1:]] if groups else shape)

    def per_output(self, numbers: Array) -> Array:
        """One number per output channel, in a shape that broadcasts to the layer's result."""
        shape = [1] * self.rank
        shape[self.channels] = -1
        return numbers.reshape(shape)


def quantizable(model: Any) -> list[Layer]:
    """In the order of computation. Layers of pooled features are none: they cost little time, and those that weigh
    channels (squeeze-and-excitation) change every place of the image."""
    return [layer for node in model.get_ordered_ops() if (layer := _layer(node)) is not None]


def _layer(node: Any) -> Layer | None:
    kind = node.get_type_name()
    if kind not in (*_CONVOLUTIONS, _PRODUCT):
        return None
    constant, shape = node.input_value(1).get_node(), node.input_value(0).get_partial_shape()
    if constant.get_type_name() != "Constant" or shape.rank.is_dynamic:
        return None
    weights, rank = np.array(constant.data, np.float32), shape.rank.get_length()
    layer = _product(node, weights, rank) if kind == _PRODUCT else _convolution(node, weights)
    return layer if layer is not None and _has_places(shape, layer.channels) else None


def _has_places(shape: Any, channels: int) -> bool:
    """Whether there are axes of more than one place between the batch and the channels, or behind them."""
    places = [size for axis, size in enumerate(shape) if axis not in (0, channels)]
    return any(size.is_dynamic or size.get_length() > 1 for size in places)


def _convolution(node: Any, weights: Array) -> Layer:
    outputs = _CONVOLUTIONS[node.get_type_name()]
    return Layer(node, weights, outputs, len(outputs), 1, weights.ndim - len(outputs) + 1)


def _product(node: Any, weights: Array, rank: int) -> Layer | None:
    turned = node.get_attributes()
    if weights.ndim != 2 or turned["transpose_a"]:
        return None
    output, summed = (0, 1) if turned["transpose_b"] else (1, 0)
    return Layer(node, weights, (output,), summed, rank - 1, rank)
