"""The EfficientNet-Lites in Keras, with the weights of a PyTorch state dict.

Architecture: `efficientnet_lite_builder.py` of the TensorFlow TPU models. They are EfficientNets without squeeze
and excitation, with ReLU6 for swish and BatchNorm epsilon 1e-3; kernels and channels are read off the weights.
"""

from typing import Any

from lookalike.embedding.graph.backend import keras
from lookalike.embedding.graph.checkpoint import Tensors
from lookalike.embedding.specs.lites import Lite

#: Of the first block of each stage.
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
_EPSILON = 1e-3
#: By stride. Where an image shrinks, zeros go on all sides alike, as in PyTorch; Keras's "same" puts them right and
#: below only. Lite0's weights say "same" in 43 of 49 layers' recorded means, but as features symmetric ones are better:
#: P@1 .533 to .504 projected, .634 to .556 after PCA (18 faces, means of five splits), top-1 .734 to .692.
_PADDING = {1: "same", 2: "valid"}


def build(lite: Lite, tensors: Tensors) -> Any:
    """A keras.Model from float32 [N, size, size, 3], already prepared, to float32 [N, size / 32, size / 32, 1280]."""
    inputs = keras.Input((lite.size, lite.size, 3))
    x = _activated(_convolved(inputs, tensors, "_conv_stem", "_bn0", stride=2))
    stages = zip(lite.blocks, _STRIDES, strict=True)
    strides = [stride if block == 0 else 1 for blocks, stride in stages for block in range(blocks)]
    for number, stride in enumerate(strides):
        x = _block(x, tensors, f"_blocks.{number}.", stride)
    return keras.Model(inputs, _activated(_convolved(x, tensors, "_conv_head", "_bn1")), name=lite.name)


def _block(x: Any, tensors: Tensors, prefix: str, stride: int) -> Any:
    """Expand, filter each channel, project; added to its input where the shapes allow."""
    inputs = x
    if f"{prefix}_expand_conv.weight" in tensors:
        x = _activated(_convolved(x, tensors, f"{prefix}_expand_conv", f"{prefix}_bn0"))
    x = _activated(_convolved(x, tensors, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride=stride))
    x = _convolved(x, tensors, f"{prefix}_project_conv", f"{prefix}_bn2")
    return x + inputs if x.shape == inputs.shape else x


def _convolved(x: Any, tensors: Tensors, convolution: str, normalization: str, stride: int = 1) -> Any:
    # PyTorch keeps kernels as [out, in, height, width], Keras as [height, width, in, out]; a depthwise kernel has
    # in = 1 there and out = 1 here.
    kernel = tensors[f"{convolution}.weight"]
    # Zeros, because JAX compiles a program for the random numbers of each shape.
    if "depthwise" in convolution:
        kernel = kernel.transpose(2, 3, 0, 1)
        layer = keras.layers.DepthwiseConv2D(
            kernel.shape[0], stride, _PADDING[stride], depthwise_initializer="zeros", use_bias=False
        )
    else:
        kernel = kernel.transpose(2, 3, 1, 0)
        layer = keras.layers.Conv2D(
            kernel.shape[3], kernel.shape[0], stride, _PADDING[stride], kernel_initializer="zeros", use_bias=False
        )
    x = layer(x if stride == 1 else keras.layers.ZeroPadding2D(kernel.shape[0] // 2)(x))
    layer.set_weights([kernel])
    return _normalized(x, tensors, normalization)


def _normalized(x: Any, tensors: Tensors, name: str) -> Any:
    layer = keras.layers.BatchNormalization(epsilon=_EPSILON)
    x = layer(x)
    layer.set_weights([tensors[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")])
    return x


def _activated(x: Any) -> Any:
    return keras.layers.ReLU(max_value=6.0)(x)
