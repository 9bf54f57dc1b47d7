"""The layers of our backbones in OpenVINO; feature maps are [N, channels, height, width]."""

from typing import Any

import numpy as np

from lookalike.embedding.graph.layers import Convolution, Weights
from lookalike.embedding.runtimes.quiet_openvino import openvino  # noqa: F401

import openvino.opset13 as ops  # isort: skip  # After quiet_openvino.


def convolved(x: Any, convolution: Convolution) -> Any:
    kernel, bias = _folded(convolution)
    zeros = [kernel.shape[2] // 2] * 2
    strides = [convolution.stride] * 2
    if convolution.is_depthwise:
        # [groups, out, in, height, width]
        x = ops.group_convolution(x, ops.constant(kernel[:, None]), strides, zeros, zeros, [1, 1])
    else:
        x = ops.convolution(x, ops.constant(kernel), strides, zeros, zeros, [1, 1])
    return ops.add(x, ops.constant(bias.reshape(1, -1, 1, 1)))


def relu6(x: Any) -> Any:
    return ops.clamp(x, 0.0, 6.0)


def added(x: Any, other: Any) -> Any:
    return ops.add(x, other)


def _folded(convolution: Convolution) -> tuple[Weights, Weights]:
    """Kernel and bias that do what convolution and normalization do (Jacob et al., 2018, section 3.2).

    Rounded to float32 at each step, as OpenVINO rounds what it converts from TensorFlow: graphs that were built that
    way, and this one, round to the same integers with `:int8`.
    """
    norm = convolution.normalization
    deviation = np.sqrt((norm.variance + np.float32(norm.epsilon)).astype(np.float64))
    factor = norm.gamma * (1 / deviation).astype(np.float32)
    return convolution.kernel * factor.reshape(-1, 1, 1, 1), norm.beta - norm.mean * factor
