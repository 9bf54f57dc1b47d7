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
    """Kernel and bias that do what convolution and normalization do; in float64, because they are rounded only once
    then (Jacob et al., 2018, section 3.2)."""
    norm = convolution.normalization
    gamma, beta, mean, variance = (
        np.asarray(part, np.float64) for part in (norm.gamma, norm.beta, norm.mean, norm.variance)
    )
    factor = gamma / np.sqrt(variance + norm.epsilon)
    kernel = np.asarray(convolution.kernel, np.float64) * factor.reshape(-1, 1, 1, 1)
    return kernel.astype(np.float32), (beta - mean * factor).astype(np.float32)
