"""The layers that a backbone of ours is made of; each library that builds it brings its own."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution without bias and the normalization that follows it.

    `kernel` is [out, in, height, width] as PyTorch keeps it, or [channels, 1, height, width] of one that filters each
    channel alone (`is_depthwise`). Where an image shrinks, zeros go on all sides alike.
    """

    kernel: Weights
    normalization: "Normalization"
    stride: int = 1
    is_depthwise: bool = False


@dataclass(frozen=True, eq=False)
class Normalization:
    """(x - mean) * gamma / sqrt(variance + epsilon) + beta for each channel: [C] each."""

    gamma: Weights
    beta: Weights
    mean: Weights
    variance: Weights
    epsilon: float


class Layers(Protocol):
    """Each takes and gives what the library computes with."""

    def convolved(self, x: Any, convolution: Convolution) -> Any: ...

    def relu6(self, x: Any) -> Any: ...

    def added(self, x: Any, other: Any) -> Any: ...
