"""The EfficientNet-Lites with the weights of a PyTorch state dict, in the layers of any library.

Architecture: `efficientnet_lite_builder.py` of the TensorFlow TPU models. They are EfficientNets without squeeze
and excitation, with ReLU6 for swish and BatchNorm epsilon 1e-3; kernels and channels are read off the weights.
"""

from collections.abc import Iterator
from typing import Any

from lookalike.embedding.graph.checkpoint import Tensors
from lookalike.embedding.graph.layers import Convolution, Layers, Normalization
from lookalike.embedding.specs.lites import Lite

#: Of the first block of each stage.
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
_EPSILON = 1e-3


def features(x: Any, lite: Lite, tensors: Tensors, layers: Layers) -> Any:
    """The feature map, 1,280 channels of size / 32 squares, of prepared images."""
    x = layers.relu6(layers.convolved(x, _convolution(tensors, "_conv_stem", "_bn0", stride=2)))
    for number, stride in enumerate(_strides(lite)):
        x = _block(x, tensors, f"_blocks.{number}.", stride, layers)
    return layers.relu6(layers.convolved(x, _convolution(tensors, "_conv_head", "_bn1")))


def _strides(lite: Lite) -> Iterator[int]:
    for blocks, stride in zip(lite.blocks, _STRIDES, strict=True):
        yield from (stride if block == 0 else 1 for block in range(blocks))


def _block(x: Any, tensors: Tensors, prefix: str, stride: int, layers: Layers) -> Any:
    """Expand, filter each channel, project; added to its input where the shapes allow."""
    inputs = x
    expanding = f"{prefix}_expand_conv"
    if f"{expanding}.weight" in tensors:
        x = layers.relu6(layers.convolved(x, _convolution(tensors, expanding, f"{prefix}_bn0")))
    filtering = _convolution(tensors, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride)
    projecting = _convolution(tensors, f"{prefix}_project_conv", f"{prefix}_bn2")
    x = layers.convolved(layers.relu6(layers.convolved(x, filtering)), projecting)
    first = f"{expanding}.weight" if f"{expanding}.weight" in tensors else f"{prefix}_project_conv.weight"
    is_like_its_input = stride == 1 and tensors[first].shape[1] == projecting.kernel.shape[0]
    return layers.added(x, inputs) if is_like_its_input else x


def _convolution(tensors: Tensors, convolution: str, normalization: str, stride: int = 1) -> Convolution:
    gamma, beta, mean, variance = (
        tensors[f"{normalization}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    normalizing = Normalization(gamma, beta, mean, variance, _EPSILON)
    is_depthwise = convolution.endswith("_depthwise_conv")
    return Convolution(tensors[f"{convolution}.weight"], normalizing, stride, is_depthwise)
