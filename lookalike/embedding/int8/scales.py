"""The steps in which activations and weights are stored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding.int8.activations import Activations
from lookalike.embedding.int8.layers import Array, Layer

#: Largest activation and weight in 8 bits; activations are unsigned, weights signed.
TOP = 255
WEIGHT_TOP = 127
#: Possible steps of activations per doubling: few, so that machines whose measurements differ in the last digits choose
#: the same one. A range becomes up to a tenth wider than measured, which other images need.
_GRID = 8


@dataclass(frozen=True)
class Scale:
    """The step of a layer's input, and the integer that means 0."""

    step: float
    zero: int

    @property
    def ends(self) -> tuple[float, float]:
        """The numbers that 0 and TOP mean."""
        return -self.zero * self.step, (TOP - self.zero) * self.step


@dataclass(frozen=True, eq=False)
class IntegerWeights:
    """The int8 weights of a layer, and the step of each output channel in a shape that broadcasts to them."""

    values: NDArray[np.int8]
    step: Array

    @property
    def meant(self) -> Array:
        return self.values * self.step


def scale_of(seen: Activations) -> Scale:
    """The scale of one layer's input; its range includes 0, which pads images. Raises ValueError without a range."""
    low, high = min(float(seen.least.min()), 0.0), max(float(seen.most.max()), 0.0)
    if not np.isfinite(high - low) or high <= low:
        raise ValueError("a layer gets nothing but zeros, or numbers that are not finite")
    step = 2.0 ** (np.ceil(np.log2((high - low) / TOP) * _GRID) / _GRID)
    return Scale(step, round(-low / (high - low) * TOP))


def integers(layer: Layer) -> IntegerWeights:
    """The layer's weights, with a step for each output channel.

    CPUs without VNNI add the products of two neighbouring inputs in 16 bits. The step is so large that they fit:
    255 * (|a| + |b|) < 32,768.
    """
    size = np.abs(layer.weights)
    largest = size.max(axis=layer.summed, keepdims=True)
    pairs = np.take(size, range(1, layer.width), layer.input) + np.take(size, range(layer.width - 1), layer.input)
    if pairs.size:
        largest = np.maximum(largest, pairs.max(axis=layer.summed, keepdims=True))
    step = np.where(largest > 0, largest / WEIGHT_TOP, 1).astype(np.float32)
    return IntegerWeights(np.rint(layer.weights / step).astype(np.int8), step)
